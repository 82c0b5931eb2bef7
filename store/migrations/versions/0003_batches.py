"""Operations on many things at once."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = Path(__file__).with_name("0003_batches.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(text)

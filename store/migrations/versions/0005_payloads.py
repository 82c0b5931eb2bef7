"""Values that are too large for a Temporal history."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = Path(__file__).with_name("0005_payloads.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(text)

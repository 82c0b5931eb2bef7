"""Jobs that are held back."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = Path(__file__).with_name("0012_suspended_jobs.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(text)

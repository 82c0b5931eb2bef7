"""A call activity that could not start what it calls is found among the jobs."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = Path(__file__).with_name("0014_called_jobs.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(text)

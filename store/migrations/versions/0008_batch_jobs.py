"""The items of batches as jobs."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = Path(__file__).with_name("0008_batch_jobs.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(text)

"""Batches of many thousand items: an index of what is handed out."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = Path(__file__).with_name("0013_large_batches.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(text)

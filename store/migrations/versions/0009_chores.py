"""Metrics that outlive the history, and what is done at regular times."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = Path(__file__).with_name("0009_chores.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(text)

"""Histories that are read from the event log, one instance at a time."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = Path(__file__).with_name("0010_log_by_instance.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(text)

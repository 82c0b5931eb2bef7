"""Incidents of called instances, seen from their callers."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = Path(__file__).with_name("0007_caller_incidents.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(text)

"""Webhooks: what an HTTP request from outside starts or correlates."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = Path(__file__).with_name("0006_webhooks.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(text)

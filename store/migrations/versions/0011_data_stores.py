"""Data stores, shared by the instances of a tenant."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = Path(__file__).with_name("0011_data_stores.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(text)

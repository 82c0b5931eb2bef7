"""Users, groups, tenants, authorizations and filters."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = Path(__file__).with_name("0002_people.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(text)

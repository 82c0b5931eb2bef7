"""The read model: deployments, definitions, instances with what belongs to them, the event log, the writer function."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    folder = Path(__file__).parent
    for name in ("0001_tables.sql", "0001_write_batch.sql", "0001_log_views.sql"):
        op.get_bind().exec_driver_sql((folder / name).read_text(encoding="utf-8"))

"""PostgreSQL: SQLAlchemy models, repositories and migrations of the read model and of what is routed by it."""

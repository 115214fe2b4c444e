"""Where episodes and entries are kept: tables, unit of work, hot statements and migrations (SQLAlchemy, Alembic)."""

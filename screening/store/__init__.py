"""Persistence: the only room that knows SQLAlchemy, Alembic and DBOS; rows never leave it."""

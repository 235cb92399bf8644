"""Store tests run on both databases."""

from __future__ import annotations

from tests.store.databases import engine, pg_server, pg_url, sqlite_template, sqlite_url, units, url

__all__ = ["engine", "pg_server", "pg_url", "sqlite_template", "sqlite_url", "units", "url"]

"""Models and migrations say the same, and starting twice or together is harmless."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest
from alembic import command
from sqlalchemy import Engine, inspect

from screening.store.engine import open_engine
from screening.store.migrate import alembic_config, differences, migrate
from screening.store.tables import Row
from tests.store.postgres import PgServer


def test_models_and_migrations_agree(engine: Engine) -> None:
    with engine.begin() as connection:
        assert differences(connection) == []


def test_a_model_without_migration_is_noticed(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE refusals")
        assert [change[0] for change in differences(connection) if isinstance(change, tuple)] == ["add_table"]


def test_migrations_make_our_tables_and_the_job_engine_its_own(engine: Engine) -> None:
    tables = set(inspect(engine).get_table_names())
    assert set(Row.metadata.tables) | {"alembic_version"} <= tables
    if engine.dialect.name == "postgresql":
        assert set(Row.metadata.tables) | {"alembic_version"} == tables
        assert "workflow_status" in inspect(engine).get_table_names(schema="dbos")


def test_migrating_down_removes_everything_of_ours(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "base")
        assert set(Row.metadata.tables).isdisjoint(inspect(connection).get_table_names())
    engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_processes_that_start_together_migrate_once(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if kind == "sqlite":
        _migrate_together(f"sqlite:///{tmp_path / 'new.db'}")
        return
    server = request.getfixturevalue("pg_server")
    assert isinstance(server, PgServer)
    with server.database(migrated=False) as url:
        _migrate_together(url)


def _migrate_together(url: str) -> None:
    failures = list[Exception]()

    def start() -> None:
        engine = open_engine(url)
        try:
            migrate(engine)
        except Exception as error:  # noqa: BLE001  # reported by the assertion below
            failures.append(error)
        finally:
            engine.dispose()

    threads = [Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    engine = open_engine(url)
    with engine.begin() as connection:
        assert differences(connection) == []
    engine.dispose()


@pytest.mark.parametrize("url", ["mysql://host/db", "sqlite://", "sqlite:///:memory:"])
def test_only_databases_that_keep_what_they_promise_are_opened(url: str) -> None:
    with pytest.raises(ValueError, match="SQLite"):
        open_engine(url)


def test_sqlite_is_set_up_to_keep_what_was_committed(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    settings = ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
    with engine.connect() as connection:
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in settings]
    engine.dispose()
    assert found == ["wal", 2, 30000, 1]

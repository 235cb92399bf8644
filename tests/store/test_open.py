"""A store that cannot be opened is told by a code, without what the driver says."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from screening.domain.errors import InvalidInput, StoreUnavailable
from screening.store.open import open_store


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/db", "sqlite://", "postgresql://host:port/db"])
def test_a_url_of_no_known_database_is_wrong_input(url: str) -> None:
    with pytest.raises(InvalidInput, match="database URL"):
        open_store(url)


def test_a_server_that_does_not_answer_is_unavailable_and_no_password_is_told() -> None:
    with pytest.raises(StoreUnavailable) as caught:
        open_store("postgresql://user:hunter2@127.0.0.1:1/db")
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "db"
    path.write_bytes(b"this is no database" * 500)
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        open_store(f"sqlite:///{path}")


def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        open_store(f"sqlite:///{tmp_path / 'none' / 'db'}")


def test_a_database_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.execute("INSERT INTO alembic_version VALUES ('v9999')")
    with pytest.raises(StoreUnavailable, match="another version"):
        open_store(f"sqlite:///{path}")

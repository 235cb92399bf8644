"""Inserts that two writers may race for: the second one changes nothing and is told so."""

from __future__ import annotations

from sqlalchemy import Integer, literal_column
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from screening.store.tables import Row


def insert_once(session: Session, row: type[Row], **values: object) -> bool:
    """Insert unless a unique key is taken; returns whether a row was inserted.

    Waits for a concurrent insert of the same key to end, so that a following SELECT finds the row.
    """
    build = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    insert = build(row).values(**values).on_conflict_do_nothing()
    return session.scalar(insert.returning(literal_column("1", Integer))) is not None

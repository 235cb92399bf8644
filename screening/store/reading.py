"""Looking without ever holding up a writer: sessions that take no write lock on the embedded database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from screening.domain.errors import StoreUnavailable
from screening.store.engine import BEGIN_DEFERRED, BEGIN_OPTION


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session for looking only. Raises StoreUnavailable when the database cannot be used now."""
    try:
        with Session(engine) as session:
            session.connection(execution_options={BEGIN_OPTION: BEGIN_DEFERRED})
            yield session
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise StoreUnavailable(f"the database cannot be used now: {type(error).__name__}") from error

"""Opens the store of an installation: the engine by URL, at the schema of this version, or a coded error.

No text of a driver goes on from here: it may hold the password of the URL.
"""

from __future__ import annotations

from alembic.util.exc import CommandError
from sqlalchemy import Engine
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from screening.domain.errors import InvalidInput, StoreUnavailable
from screening.store.engine import open_engine
from screening.store.migrate import migrate


def open_store(url: str) -> Engine:
    """Engine of a database brought to this version's schema.

    Raises InvalidInput for a URL that names no database this service knows, StoreUnavailable when the database cannot
    be reached, is none, or was written by a later version.
    """
    try:
        engine = open_engine(url)
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise InvalidInput("the database URL is sqlite:///FILE or postgresql://...") from error
    try:
        migrate(engine)
    except SQLAlchemyError as error:
        engine.dispose()
        cause = getattr(error, "orig", None) or error
        raise StoreUnavailable(f"the database cannot be opened: {type(cause).__name__}") from error
    except OSError as error:
        engine.dispose()
        raise StoreUnavailable(f"the database cannot be opened: {type(error).__name__}") from error
    except CommandError as error:
        engine.dispose()
        raise StoreUnavailable("the database was written by another version of this program") from error
    return engine

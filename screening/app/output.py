"""Writing where a person said: what the file system refuses is an answer, not a crash."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from screening.domain.errors import InvalidInput, StoreUnavailable


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Translate what goes wrong while `path`, or something below it, is written.

    Raises StoreUnavailable when the disk is full, InvalidInput for anything else; only the last name is shown.
    """
    try:
        yield
    except OSError as error:
        why = error.strerror or type(error).__name__
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreUnavailable(f"{path.name} cannot be written: {why}") from error
        raise InvalidInput(f"{path.name} cannot be written: {why}") from error


def write_text(path: Path, text: str) -> None:
    """Write a text file. Raises InvalidInput or StoreUnavailable."""
    with writing(path):
        path.write_text(text, encoding="utf-8")

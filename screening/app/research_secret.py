"""The secret behind the pseudonyms: made once, kept in the data folder for its owner only, never in an export."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Final

from screening.app.output import writing
from screening.domain.errors import Forbidden, InvalidInput
from screening.workflow.pseudonyms import SECRET_BYTES

NAME: Final = "research-secret"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def research_secret(data_dir: Path) -> bytes:
    """The secret of this data folder, made when there is none.

    Raises Forbidden when others than its owner may read or write it, InvalidInput when it is damaged: with another
    secret the same women would get other pseudonyms.
    """
    path = data_dir / NAME
    if not path.exists():
        _make(path)
    if path.stat().st_mode & _OTHERS:
        raise Forbidden(f"{NAME} can be read by others than its owner; chmod 600 it")
    try:
        found = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError as error:
        raise InvalidInput(f"{NAME} is damaged; restore it from a backup") from error
    if len(found) != SECRET_BYTES:
        raise InvalidInput(f"{NAME} is damaged; restore it from a backup")
    return found


def _make(path: Path) -> None:
    """Write it whole or not at all, readable for the owner from the first moment."""
    part = path.with_suffix(f".{os.getpid()}")
    with writing(path):
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(SECRET_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(part)
        except FileExistsError:
            pass
        finally:
            part.unlink()

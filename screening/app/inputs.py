"""Turn paths given by a person into DICOM files: files, folders, and zip archives unpacked safely.

An archive that is empty, broken, hostile or too large stays what it is, a file that is no DICOM object: it is answered
for like any other, and the rest of the batch goes on.
"""

from __future__ import annotations

import lzma
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from screening.domain.errors import InvalidInput, NotFound, StoreUnavailable
from screening.workflow.intake import files_under

MOST_FILES = 20_000
MOST_BYTES = 16 * 2**30
"""Files in one archive, and their size in all when unpacked."""
MOST_RATIO = 200
RATIO_FROM_BYTES = 100 * 2**20
"""How far an archive that unpacks to more than this may have been compressed; images never come near it."""
SPARE_BYTES = 256 * 2**20
"""What must be left of the disk."""

_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,  # encrypted
    ValueError,
    struct.error,
)


@contextmanager
def input_files(paths: Iterable[Path]) -> Iterator[list[Path]]:
    """Every file named by `paths`, with zip archives unpacked into a folder that goes when the block ends.

    An archive that cannot be unpacked is itself in the list. Raises NotFound for a path that does not exist,
    StoreUnavailable when the disk has no room to unpack.
    """
    with TemporaryDirectory(prefix="secondread-") as scratch:
        found: list[Path] = []
        for path in paths:
            if not path.exists():
                raise NotFound(f"there is nothing at {path.name}")
            found += _expand(path, Path(scratch))
        yield found


def _expand(path: Path, scratch: Path) -> list[Path]:
    expanded: list[Path] = []
    for file in files_under([path]):
        is_archive = file.suffix.lower() == ".zip" and zipfile.is_zipfile(file)
        expanded += _unpacked(file, scratch) if is_archive else [file]
    return expanded


def _unpacked(archive: Path, scratch: Path) -> list[Path]:
    """The members of an archive, or the archive when it cannot be unpacked."""
    target = scratch / f"zip-{len(list(scratch.iterdir()))}"
    target.mkdir()
    try:
        unpack(archive, target)
    except InvalidInput:
        shutil.rmtree(target)
        target.mkdir()
        return [archive]
    return sorted(target.iterdir())


def unpack(archive: Path, target: Path) -> None:
    """Unpack into a flat folder; members are named by number, because their names are somebody else's.

    Raises InvalidInput for an archive that is empty, broken, hostile or too large, StoreUnavailable without room.
    """
    try:
        with zipfile.ZipFile(archive) as content:
            members = [member for member in content.infolist() if not member.is_dir()]
            _check_size(members, archive, target)
            for number, member in enumerate(members):
                with content.open(member) as source, (target / f"{number:05d}").open("wb") as out:
                    shutil.copyfileobj(source, out)
    except _BROKEN as error:
        _check_room(0, target)
        raise InvalidInput(f"{archive.name} cannot be unpacked: {type(error).__name__}") from error


def _check_size(members: list[zipfile.ZipInfo], archive: Path, target: Path) -> None:
    size = sum(member.file_size for member in members)
    if not members:
        raise InvalidInput(f"{archive.name} holds no file")
    if len(members) > MOST_FILES or size > MOST_BYTES:
        raise InvalidInput(f"{archive.name} holds too many or too large files")
    if size > RATIO_FROM_BYTES and size > MOST_RATIO * archive.stat().st_size:
        raise InvalidInput(f"{archive.name} is compressed further than images can be")
    _check_room(size, target)


def _check_room(size: int, target: Path) -> None:
    if shutil.disk_usage(target).free < size + SPARE_BYTES:
        raise StoreUnavailable("the disk has no room to unpack an archive")

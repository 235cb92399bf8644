"""Turn paths given by a person into DICOM files: files, folders, and zip archives unpacked safely."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from screening.domain.errors import InvalidInput, NotFound
from screening.workflow.intake import files_under

MOST_FILES = 20_000
MOST_BYTES = 64 * 2**30


@contextmanager
def input_files(paths: Iterable[Path]) -> Iterator[list[Path]]:
    """Every file named by `paths`, with zip archives unpacked into a folder that goes when the block ends.

    Raises NotFound for a path that does not exist, InvalidInput for an archive that is broken, hostile or too large.
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
        if file.suffix.lower() == ".zip" and zipfile.is_zipfile(file):
            expanded += files_under([_unpack(file, scratch)])
        else:
            expanded.append(file)
    return expanded


def _unpack(archive: Path, scratch: Path) -> Path:
    target = scratch / f"zip-{len(list(scratch.iterdir()))}"
    target.mkdir()
    try:
        with zipfile.ZipFile(archive) as content:
            members = [member for member in content.infolist() if not member.is_dir()]
            if len(members) > MOST_FILES or sum(member.file_size for member in members) > MOST_BYTES:
                raise InvalidInput(f"{archive.name} holds too many or too large files")
            for number, member in enumerate(members):
                name = PurePosixPath(member.filename).name or "file"
                with content.open(member) as source, (target / f"{number:05d}-{name}").open("wb") as out:
                    shutil.copyfileobj(source, out)
    except (zipfile.BadZipFile, RuntimeError) as error:
        raise InvalidInput(f"{archive.name} cannot be unpacked: {error}") from error
    return target

"""Content-addressed files on local disk: the SHA-256 of the bytes is the name.

A file appears under its name only when every byte is on disk, so that a kill at any moment leaves either the whole
file or none. What a killed copy left behind is removed at the next start. Nothing here looks into a file.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Final

from screening.domain.errors import NotFound, StoreUnavailable
from screening.domain.identifiers import FileDigest
from screening.workflow.ports import StoredFile

_CHUNK: Final = 1 << 20
_HEX: Final = frozenset("0123456789abcdef")
_INCOMING: Final = "incoming"


class ContentFiles:
    """The `Files` port on one folder: `sha256/ab/cd/abcd...`, and `incoming` for copies under way."""

    def __init__(self, root: Path) -> None:
        self._root = root / "sha256"
        self._incoming = root / _INCOMING
        self._root.mkdir(parents=True, exist_ok=True)
        self._incoming.mkdir(exist_ok=True)
        self._remove_leftovers()

    def put(self, source: Path) -> StoredFile:
        """Copy, fsync and name by content; putting the same bytes again changes nothing.

        Raises StoreUnavailable when the disk is full or the folder cannot be written.
        """
        try:
            with source.open("rb") as bytes_in, self._temporary() as copy:
                stored = _copy(bytes_in, copy)
                self._settle(Path(copy.name), stored.digest)
        except OSError as error:
            raise StoreUnavailable(f"a file could not be stored: {error.strerror or type(error).__name__}") from error
        return stored

    def take(self, source: Path) -> StoredFile:
        """Store a file that the caller gives away: moved where it lies on this disk, else copied and removed.

        Raises StoreUnavailable like `put`; the source is then left as it was.
        """
        if source.stat().st_dev != self._root.stat().st_dev:
            stored = self.put(source)
            source.unlink()
            return stored
        try:
            stored = _fix(source)
            self._settle(source, stored.digest)
            source.unlink(missing_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"a file could not be stored: {error.strerror or type(error).__name__}") from error
        return stored

    def path(self, digest: FileDigest) -> Path:
        """Where the bytes are. Raises NotFound."""
        path = self._place(digest)
        if not path.is_file():
            raise NotFound("no file has this digest")
        return path

    def discard(self, digest: FileDigest) -> None:
        """Remove a file that nothing needs any more; one that is not here is gone already."""
        self._place(digest).unlink(missing_ok=True)

    def digests(self) -> Iterator[FileDigest]:
        """Every stored digest, sorted."""
        return (FileDigest(path.name) for path in sorted(self._root.glob("??/??/*")))

    def _place(self, digest: FileDigest) -> Path:
        if len(digest) != 64 or not _HEX.issuperset(digest):
            raise NotFound("a digest is 64 lower-case hexadecimal digits")
        return self._root / digest[:2] / digest[2:4] / digest

    @contextmanager
    def _temporary(self) -> Iterator[IO[bytes]]:
        """A file in the same file system, locked while its process lives, gone afterwards unless it was renamed."""
        with self._locked_copy() as copy:
            try:
                yield copy
            finally:
                Path(copy.name).unlink(missing_ok=True)

    def _locked_copy(self) -> IO[bytes]:
        """A locked new file; tries again when a starting process swept it away before it was locked."""
        while True:
            copy = NamedTemporaryFile(dir=self._incoming, delete=False)  # noqa: SIM115  # the caller closes it
            fcntl.flock(copy.fileno(), fcntl.LOCK_EX)
            if os.fstat(copy.fileno()).st_nlink:
                return copy
            copy.close()

    def _settle(self, copy: Path, digest: FileDigest) -> None:
        place = self._place(digest)
        if not place.is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            copy.rename(place)
        for folder in (place.parent, place.parent.parent, self._root):
            _sync_folder(folder)

    def _remove_leftovers(self) -> None:
        for leftover in self._incoming.iterdir():
            if not _held(leftover):
                leftover.unlink(missing_ok=True)


def _copy(source: IO[bytes], copy: IO[bytes]) -> StoredFile:
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        size += copy.write(chunk)
    copy.flush()
    os.fchmod(copy.fileno(), 0o440)
    os.fsync(copy.fileno())
    return StoredFile(FileDigest(digest.hexdigest()), size)


def _fix(source: Path) -> StoredFile:
    """Hash a file where it lies, and have every byte of it on disk."""
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        os.fchmod(file.fileno(), 0o440)
        os.fsync(file.fileno())
        return StoredFile(FileDigest(digest.hexdigest()), file.tell())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _held(path: Path) -> bool:
    """Whether a living process is still copying to this file."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False

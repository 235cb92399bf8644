"""Stored bytes are whole or absent, whatever happens to the process that stores them."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.domain.errors import NotFound, StoreUnavailable
from screening.domain.identifiers import FileDigest
from screening.store.files import ContentFiles
from screening.workflow.ports import StoredFile


def written(folder: Path, content: bytes) -> Path:
    path = folder / "source.bin"
    path.write_bytes(content)
    return path


@settings(max_examples=25, deadline=None)
@given(content=st.binary(max_size=5000))
def test_bytes_are_found_under_their_digest(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("files")
    files = ContentFiles(folder / "store")
    stored = files.put(written(folder, content))
    assert stored == StoredFile(FileDigest(hashlib.sha256(content).hexdigest()), len(content))
    assert files.path(stored.digest).read_bytes() == content
    assert list(files.digests()) == [stored.digest]


def test_the_same_bytes_again_change_nothing(tmp_path: Path) -> None:
    files = ContentFiles(tmp_path / "store")
    first = files.put(written(tmp_path, b"mammogram"))
    before = files.path(first.digest).stat()
    assert files.put(written(tmp_path, b"mammogram")) == first
    after = files.path(first.digest).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert list((tmp_path / "store" / "incoming").iterdir()) == []


def test_the_source_stays_where_it_is(tmp_path: Path) -> None:
    source = written(tmp_path, b"mammogram")
    ContentFiles(tmp_path / "store").put(source)
    assert source.read_bytes() == b"mammogram"


@pytest.mark.parametrize("digest", ["0" * 64, "short", "../../etc/passwd", "A" * 64])
def test_an_unknown_digest_is_not_found(tmp_path: Path, digest: str) -> None:
    with pytest.raises(NotFound):
        ContentFiles(tmp_path / "store").path(FileDigest(digest))


def test_a_source_that_cannot_be_read_is_reported_without_its_name(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable) as refused:
        ContentFiles(tmp_path / "store").put(tmp_path / "jansen.dcm")
    assert "jansen" not in str(refused.value)


_STUCK_COPY = """
import sys
from pathlib import Path
from screening.store.files import ContentFiles
ContentFiles(Path(sys.argv[1])).put(Path(sys.argv[2]))
"""


def test_a_copy_killed_half_way_leaves_no_file_and_is_swept_up_at_the_next_start(tmp_path: Path) -> None:
    pipe = tmp_path / "endless.bin"
    os.mkfifo(pipe)
    incoming = tmp_path / "store" / "incoming"
    process = subprocess.Popen([sys.executable, "-c", _STUCK_COPY, str(tmp_path / "store"), str(pipe)])
    with pipe.open("wb") as feed:  # opens when the copy has begun to read
        feed.write(b"x" * (3 << 20))
        feed.flush()
        (copy,) = incoming.iterdir()
        assert copy.stat().st_size >= 1 << 20
        ContentFiles(tmp_path / "store")
        assert copy.exists(), "a copy under way must not be swept up"
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert copy.exists()
    files = ContentFiles(tmp_path / "store")
    assert not copy.exists()
    assert list(files.digests()) == []
    assert files.put(written(tmp_path, b"x" * (3 << 20))).size == 3 << 20

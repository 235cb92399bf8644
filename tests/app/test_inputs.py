"""Paths a person gives: files, folders, archives, and the hostile kind."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from screening.app import inputs
from screening.app.inputs import input_files, unpack
from screening.domain.errors import InvalidInput, NotFound, StoreUnavailable


def zipped(archive: Path, *contents: bytes, name: str = "study/image.dcm", method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(archive, "w", method) as content:
        for number, data in enumerate(contents):
            content.writestr(f"{number}/{name}", data)
    return archive


def test_folders_are_walked_in_a_stable_order_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b/2.dcm", "a/1.dcm", ".hidden", "b/.DS_Store"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    with input_files([tmp_path]) as files:
        assert [path.name for path in files] == ["1.dcm", "2.dcm"]


def test_an_archive_is_unpacked_for_the_length_of_the_block(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "exam.zip", b"one", b"two")
    with input_files([archive]) as files:
        assert [path.read_bytes() for path in files] == [b"one", b"two"]
    assert not any(path.exists() for path in files)


@pytest.mark.parametrize("name", ["../../evil.dcm", "/evil.dcm", "VANDERSYNTHETIC^WILHELMINA.dcm", "n" * 300, "\x01"])
def test_names_inside_an_archive_are_never_used(tmp_path: Path, name: str) -> None:
    with input_files([zipped(tmp_path / "exam.zip", b"x", name=name)]) as files:
        assert [path.name for path in files] == ["00000"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exam.zip"]


def refused(tmp_path: Path, *contents: bytes, reason: str) -> None:
    """The archive is refused for this reason; in a batch it stands for itself beside the good file."""
    archive, good = zipped(tmp_path / "bad.zip", *contents), tmp_path / "good.dcm"
    good.write_bytes(b"good")
    with pytest.raises(InvalidInput, match=reason):
        unpack(archive, target(tmp_path))
    with input_files([archive, good]) as files:
        assert files == [archive, good]


def target(tmp_path: Path) -> Path:
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


def test_too_large_an_archive_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "MOST_BYTES", 100)
    refused(tmp_path, bytes(10_000), reason="too many or too large")
    assert not list((tmp_path / "target").iterdir())


def test_an_empty_archive_is_answered_for(tmp_path: Path) -> None:
    refused(tmp_path, reason="holds no file")


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "MOST_FILES", 2)
    refused(tmp_path, b"1", b"2", b"3", reason="too many or too large")


def test_a_bomb_is_refused_by_its_compression(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "RATIO_FROM_BYTES", 1000)
    refused(tmp_path, bytes(10**6), reason="compressed further")


def test_without_room_on_the_disk_nothing_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "SPARE_BYTES", 2**62)
    with (
        pytest.raises(StoreUnavailable, match="no room"),
        input_files([zipped(tmp_path / "exam.zip", b"x")]),
    ):
        pass


def test_a_broken_archive_does_not_stop_the_batch(tmp_path: Path) -> None:
    broken, good = zipped(tmp_path / "broken.zip", b"hello world" * 100), tmp_path / "good.dcm"
    damaged = bytearray(broken.read_bytes())
    damaged[40:60] = bytes(20)
    broken.write_bytes(bytes(damaged))
    good.write_bytes(b"good")
    with input_files([broken, good]) as files:
        assert files == [broken, good]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_whatever_is_wrong_with_an_archive_there_is_an_answer(tmp_path: Path, method: int, data: st.DataObject) -> None:
    archive = zipped(tmp_path / "any.zip", b"hello world" * 100, b"other", method=method)
    damaged = bytearray(archive.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=8)):
        damaged[place] = data.draw(st.integers(0, 255))
    archive.write_bytes(bytes(damaged[: data.draw(st.integers(1, len(damaged)))]))
    with input_files([archive]) as files:
        assert files == [archive] or all(path.name.isdigit() for path in files)


def test_a_path_that_is_not_there_is_named_without_its_folders(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"nothing at missing\.dcm"), input_files([tmp_path / "missing.dcm"]):
        pass

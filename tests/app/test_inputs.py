"""Paths a person gives: files, folders, archives, and the hostile kind."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from screening.app import inputs
from screening.app.inputs import input_files
from screening.domain.errors import InvalidInput, NotFound


def test_folders_are_walked_in_a_stable_order_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b/2.dcm", "a/1.dcm", ".hidden", "b/.DS_Store"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    with input_files([tmp_path]) as files:
        assert [path.name for path in files] == ["1.dcm", "2.dcm"]


def test_an_archive_is_unpacked_for_the_length_of_the_block(tmp_path: Path) -> None:
    archive = tmp_path / "exam.zip"
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr("study/RCC.dcm", b"one")
        content.writestr("study/LCC.dcm", b"two")
    with input_files([archive]) as files:
        assert sorted(path.read_bytes() for path in files) == [b"one", b"two"]
    assert not any(path.exists() for path in files)


def test_names_that_climb_out_of_the_archive_stay_inside(tmp_path: Path) -> None:
    archive = tmp_path / "evil.zip"
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr("../../evil.dcm", b"x")
    with input_files([archive]) as files:
        (unpacked,) = files
        assert unpacked.parent.parent != tmp_path.parent
    assert not (tmp_path.parent / "evil.dcm").exists()
    assert not (tmp_path.parent.parent / "evil.dcm").exists()


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "MOST_BYTES", 100)
    archive = tmp_path / "bomb.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as content:
        content.writestr("zeros.dcm", bytes(10_000))
    with pytest.raises(InvalidInput, match="too many or too large"), input_files([archive]):
        pass


def test_a_broken_archive_is_a_coded_error(tmp_path: Path) -> None:
    archive = tmp_path / "broken.zip"
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr("a.dcm", b"hello world" * 100)
    damaged = bytearray(archive.read_bytes())
    damaged[40:60] = bytes(20)
    archive.write_bytes(bytes(damaged))
    with pytest.raises(InvalidInput, match=r"broken\.zip"), input_files([archive]):
        pass


def test_a_path_that_is_not_there_is_named_without_its_folders(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"nothing at missing\.dcm"), input_files([tmp_path / "missing.dcm"]):
        pass

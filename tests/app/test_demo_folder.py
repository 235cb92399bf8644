"""The demonstration makes its folder anew and takes nobody's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from screening.app.demo.folder import fresh_folder
from screening.domain.errors import InvalidInput


def test_a_folder_with_files_of_somebody_is_left_alone(tmp_path: Path) -> None:
    letter = tmp_path / "dicom" / "letter.txt"
    letter.parent.mkdir()
    letter.write_text("mine", encoding="utf-8")
    with pytest.raises(InvalidInput, match="no demo wrote"):
        fresh_folder(tmp_path)
    assert letter.read_text(encoding="utf-8") == "mine"


def test_the_folder_of_an_earlier_demo_is_made_anew(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    fresh_folder(out)
    old = out / "dicom" / "old.dcm"
    old.parent.mkdir()
    old.write_bytes(b"x")
    note = out / "note.txt"
    note.write_text("mine", encoding="utf-8")
    fresh_folder(out)
    assert not old.exists()
    assert note.read_text(encoding="utf-8") == "mine"


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    fresh_folder(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".secondread-demo"]


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_is_no_folder_is_refused(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out"
    if kind == "file":
        out.write_text("mine", encoding="utf-8")
    else:
        (tmp_path / "home").mkdir()
        out.symlink_to(tmp_path / "home")
    with pytest.raises(InvalidInput, match="no folder"):
        fresh_folder(out)

"""Exams for end-to-end tests: three phantom women as DICOM, written once, and a database of each kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from screening.app.demo.cast import Participant, cast
from screening.app.demo.exams import write_exam
from tests.services import START

SEED = 11


@pytest.fixture(scope="session")
def participants() -> list[Participant]:
    """Three women of the demonstration's programme."""
    return cast(3, SEED)


@pytest.fixture(scope="session")
def exams(tmp_path_factory: pytest.TempPathFactory, participants: list[Participant]) -> Path:
    """A folder with one sub-folder of DICOM files per woman."""
    folder = tmp_path_factory.mktemp("exams")
    for participant in participants:
        (write_exam(participant, SEED, START, folder) / "truth.json").unlink()
    return folder

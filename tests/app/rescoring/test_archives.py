"""What an archive of files holds: exams by the same key as everywhere, priors, and what is no exam."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from screening.app.rescoring.archives import Scanned, scan
from screening.dicom.instance_reader import DicomInstanceReader
from screening.domain.errors import NotFound
from screening.domain.identifiers import PersonId
from screening.workflow.rescore_values import Location
from tests.app.rescoring.archive import add_exam, archive, study_uid

HERS = {"PatientID": "P-9", "IssuerOfPatientID": "SITE-A"}


def scanned(*paths: Path) -> Scanned:
    return scan(map(str, paths), DicomInstanceReader())


def test_exams_are_found_with_their_files_and_whose_they_are(tmp_path: Path) -> None:
    found = scanned(archive(tmp_path, 3))
    assert {exam.study for exam in found.exams} == {study_uid(n) for n in (1, 2, 3)}
    first = min(found.exams, key=lambda exam: exam.study)
    assert first.files == (Location(str(tmp_path / "exam-0001" / "image.dcm")),)
    assert (first.person, first.prior) == (PersonId("SITE-A", "P-1"), None)
    assert (found.unreadable, found.without_image) == (0, 0)


def test_studies_of_one_order_are_one_exam_named_by_the_smallest_uid(tmp_path: Path) -> None:
    for number in (1, 2):
        add_exam(tmp_path, number, **HERS, AccessionNumber="A-1")
    (exam,) = scanned(tmp_path).exams
    assert (exam.study, len(exam.files)) == (study_uid(1), 2)


def test_the_prior_is_the_latest_earlier_exam_of_the_same_woman(tmp_path: Path) -> None:
    for number, day in ((1, "20200101"), (2, "20220101"), (3, "20240101")):
        add_exam(tmp_path, number, **HERS, StudyDate=day)
    add_exam(tmp_path, 4, StudyDate="20230101")
    exams = {exam.study: exam for exam in scanned(tmp_path).exams}
    assert [exams[study_uid(n)].prior for n in (1, 2, 3, 4)] == [None, study_uid(1), study_uid(2), None]
    assert exams[study_uid(3)].prior_files == exams[study_uid(2)].files


def test_a_study_that_names_two_women_stays_alone(tmp_path: Path) -> None:
    add_exam(tmp_path, 1, **HERS)
    add_exam(tmp_path, 2, StudyInstanceUID=study_uid(1), PatientID="P-8")
    add_exam(tmp_path, 3, **HERS, AccessionNumber="A-1")
    assert sorted(len(exam.files) for exam in scanned(tmp_path).exams) == [1, 2]


def test_archives_are_looked_into_and_left_packed(tmp_path: Path) -> None:
    archive(tmp_path / "folder", 2)
    packed = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "folder"))
    found = scanned(packed)
    locations = [exam.files[0] for exam in found.exams]
    assert {(location.path, location.member) for location in locations} == {(str(packed), 0), (str(packed), 1)}
    assert {exam.study for exam in found.exams} == {study_uid(1), study_uid(2)}


def test_what_is_no_exam_is_counted(tmp_path: Path) -> None:
    archive(tmp_path, 1)
    (tmp_path / "notes.txt").write_text("no DICOM", encoding="utf-8")
    (tmp_path / "broken.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    seen = []
    found = scan([str(tmp_path)], DicomInstanceReader(), lambda: seen.append(1))
    assert (len(found.exams), found.unreadable, len(seen)) == (1, 2, 3)


def test_a_path_that_leads_nowhere_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        scanned(tmp_path / "nowhere")

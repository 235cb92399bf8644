"""Whatever kinds are asked for: filed with the woman's exam, known again as ours, the same when made again, stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path

import pydicom
import pytest

from screening.dicom.network.caller import Station, store
from screening.dicom.results.writer import ResultObjects
from screening.domain.ai_read import Timing
from screening.domain.identifiers import SopInstanceUid, is_ours
from screening.domain.opinion import FindingType
from screening.domain.quality import ReasonCode
from screening.domain.results import ResultKind, WrittenObject
from screening.domain.study import Slot, StoredObject
from tests.dicom.network.stations import Orthanc, running_orthanc
from tests.dicom_out.exams import Exam, exam_of, mammograms, mark, read_back, uid_of, volumes
from tests.dicom_out.samples import AT, FAILED, HEADER
from tests.dicom_out.tools import iod_errors

MARKS = (mark(Slot.RMLO), mark(Slot.RCC, (120, 30, 180, 90), FindingType.CALCIFICATION))
FRAME_MARKS = (mark(Slot.RCC, frame=2), mark(Slot.LCC, frame=4))


@pytest.fixture(scope="module")
def exam(tmp_path_factory: pytest.TempPathFactory) -> Exam:
    return mammograms(tmp_path_factory.mktemp("results") / "mg", *MARKS)


@pytest.fixture(scope="module")
def written(exam: Exam, tmp_path_factory: pytest.TempPathFactory) -> tuple[WrittenObject, ...]:
    return exam.write(tmp_path_factory.mktemp("results") / "out", *ResultKind)


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with running_orthanc(tmp_path_factory.mktemp("orthanc"), {}) as peer:
        yield peer


def test_the_kinds_asked_for_are_written_and_no_others(exam: Exam, tmp_path: Path) -> None:
    made = exam.write(tmp_path / "out", ResultKind.TID_1500, ResultKind.CAD_SR, ResultKind.TID_1500)
    assert [item.kind for item in made] == [ResultKind.TID_1500, ResultKind.CAD_SR]
    assert sorted((tmp_path / "out").iterdir()) == sorted(item.path for item in made)


def test_no_picture_is_decoded_unless_one_is_shown(exam: Exam, tmp_path: Path) -> None:
    def refuse() -> dict[Slot, object]:
        raise AssertionError("pictures were asked for")

    others = [kind for kind in ResultKind if kind is not ResultKind.SECONDARY_CAPTURE]
    assert ResultObjects().write(others, exam.study, exam.read, AT, exam.files, refuse, tmp_path)  # type: ignore[arg-type]


def test_what_is_returned_is_what_the_file_says(written: tuple[WrittenObject, ...]) -> None:
    for item in written:
        found = pydicom.dcmread(item.path)
        assert (found.SOPClassUID, found.SOPInstanceUID) == (item.sop_class_uid, item.sop_instance_uid)
        assert str(found.file_meta.MediaStorageSOPInstanceUID) == item.sop_instance_uid
        assert is_ours(item.sop_instance_uid)
        assert len(item.sop_instance_uid) <= 64


def test_every_kind_is_conformant_and_has_a_series_of_its_own(written: tuple[WrittenObject, ...], exam: Exam) -> None:
    series: dict[str, set[ResultKind]] = {}
    for item in written:
        assert iod_errors(item.path) == []
        found = pydicom.dcmread(item.path)
        series.setdefault(str(found.SeriesInstanceUID), set()).add(item.kind)
        assert found.StudyInstanceUID == exam.study.study_instance_uid
    assert sorted(series.values(), key=str) == sorted(({kind} for kind in ResultKind), key=str)
    assert len({item.sop_instance_uid for item in written}) == len(written)
    numbers = {item.kind: int(pydicom.dcmread(item.path).SeriesNumber) for item in written}
    assert sorted(numbers.values()) == [8801, 8802, 8803, 8804]


def test_the_woman_and_her_exam_are_copied_as_received(written: tuple[WrittenObject, ...]) -> None:
    for item in written:
        found = pydicom.dcmread(item.path)
        assert (str(found.PatientName), found.PatientID) == ("Bäcker^Zoë Ann", "999 000 1234")
        assert (found.IssuerOfPatientID, found.PatientBirthDate, found.PatientSex) == ("NHS", "19610714", "F")
        assert (found.AccessionNumber, found.StudyDate, found.StudyTime) == ("A-77", "20260302", "091500")
        assert (found.StudyID, found.ReferringPhysicianName) == ("S1", "Jansen^P")
        assert read_back(item.path).header == HEADER


def test_every_kind_is_known_as_ours_when_it_comes_back(written: tuple[WrittenObject, ...]) -> None:
    for item in written:
        found = read_back(item.path).content
        assert isinstance(found, StoredObject)
        assert found.reason is ReasonCode.OWN_RESULT


def test_a_result_that_came_back_changes_no_later_one(
    exam: Exam, written: tuple[WrittenObject, ...], tmp_path: Path
) -> None:
    again = exam_of([*exam.files.paths.values(), *(item.path for item in written)], MARKS)
    made = again.write(tmp_path / "out", *ResultKind)
    assert {item.sop_instance_uid for item in made} == {item.sop_instance_uid for item in written}


def test_the_same_run_gives_the_same_bytes(exam: Exam, written: tuple[WrittenObject, ...], tmp_path: Path) -> None:
    timed = replace(exam, read=replace(exam.read, timing=Timing(0.1, 0.2, 0.3, 0.6)))
    for first, second in zip(written, timed.write(tmp_path / "out", *ResultKind), strict=True):
        assert first.sop_instance_uid == second.sop_instance_uid
        assert first.path.read_bytes() == second.path.read_bytes()


def test_another_result_never_hides_under_a_known_uid(exam: Exam, tmp_path: Path) -> None:
    moved = (mark(Slot.RMLO, (41, 90, 80, 130)), MARKS[1])
    failed = replace(FAILED, slots=exam.read.slots)
    variants = [
        exam,
        replace(exam, read=replace(exam.read, exam_score=8)),
        replace(exam, read=replace(exam.read, regions=moved)),
        replace(exam, read=failed),
    ]
    seen: set[str] = set()
    for number, variant in enumerate(variants):
        made = variant.write(tmp_path / str(number), ResultKind.TID_1500, ResultKind.CAD_SR)
        fresh = {str(item.sop_instance_uid) for item in made}
        assert len(fresh) == 2
        assert not fresh & seen
        seen |= fresh


def test_the_same_run_on_a_study_that_has_changed_since_is_another_instance(
    exam: Exam, written: tuple[WrittenObject, ...], tmp_path: Path
) -> None:
    """A name corrected, or an image that came late, changes what the objects say."""
    renamed = replace(exam.study.header, participant=replace(HEADER.participant, family="Becker"))
    late = replace(
        exam.study.images[0], sop_instance_uid=SopInstanceUid("1.2.3.4"), exclusion=ReasonCode.SPACING_MISSING
    )
    known = {item.sop_instance_uid for item in written}
    for number, study in enumerate(
        (replace(exam.study, header=renamed), replace(exam.study, images=(*exam.study.images, late)))
    ):
        made = replace(exam, study=study).write(tmp_path / str(number), ResultKind.CAD_SR, ResultKind.TID_1500)
        assert not {item.sop_instance_uid for item in made} & known


def test_times_are_those_of_the_site(exam: Exam, tmp_path: Path) -> None:
    kinds = [kind for kind in ResultKind if kind is not ResultKind.SECONDARY_CAPTURE]
    writer = ResultObjects(zone=timezone(timedelta(hours=14)))
    for item in writer.write(kinds, exam.study, exam.read, AT, exam.files, dict, tmp_path):
        found = pydicom.dcmread(item.path)
        assert (found.InstanceCreationDate, found.InstanceCreationTime) == ("20260303", "001530")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mammograms", "volumes"])
def test_a_pacs_stores_every_kind_beside_the_images(kind: str, orthanc: Orthanc, exam: Exam, tmp_path: Path) -> None:
    sent = exam if kind == "mammograms" else volumes(tmp_path / "dbt", *FRAME_MARKS)
    made = sent.write(tmp_path / "out", *ResultKind)
    paths = [*sent.files.paths.values(), *(item.path for item in made)]
    assert store(Station(orthanc.title, "127.0.0.1", orthanc.port, "SECONDREAD"), paths) == len(paths)
    kept = [orthanc.web.get(f"/instances/{one}/tags?simplify").json() for one in orthanc.instances()]
    assert {item.sop_instance_uid for item in made} <= {tags["SOPInstanceUID"] for tags in kept}
    assert {tags["PatientID"] for tags in kept} == {"999 000 1234"}
    assert uid_of(Slot.RCC) in {tags["SOPInstanceUID"] for tags in kept}


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["nyu-density/RMLO", "nyu-density/LCC", "nyu-1/RCC"])
def test_every_kind_on_a_real_image_is_conformant(name: str, shared_data: Path, tmp_path: Path) -> None:
    plain = exam_of([shared_data / "exams" / f"{name}.dcm"])
    (image,) = plain.study.images
    assert image.slot is not None
    region = mark(image.slot, (100.25, 200.5, 300, 400.75))
    here = replace(region, location=replace(region.location, sop_instance_uid=image.sop_instance_uid))
    marked = replace(plain, read=replace(plain.read, regions=(here,)))
    for item in marked.write(tmp_path / "out", *ResultKind):
        assert iod_errors(item.path) == []

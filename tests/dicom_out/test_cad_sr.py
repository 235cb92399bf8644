"""What a workstation finds in a CAD report: marks, summaries, evidence, and never a score that is no read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

from screening.dicom.cad_sr import MammographyCadSrWriter
from screening.dicom.sr_walker import concept, problems, walk
from screening.domain.ai_read import AiRead, AiStatus, Region, Timing
from screening.domain.errors import ReportInvalid
from screening.domain.identifiers import SopInstanceUid, StudyInstanceUid, is_ours
from screening.domain.opinion import FindingType
from screening.domain.quality import QUALITY_TEXTS, Exclusion, QualityCode, QualityNote, ReasonCode
from screening.domain.study import Image, ImageKind, Slot, Study
from tests.dicom_out.samples import (
    AT,
    EXTRA,
    FAILED,
    HEADER,
    NEGATIVE_READ,
    OBJECTED,
    OK_READ,
    PARTIAL_READ,
    STUDY,
    STUDY_WITH_EXTRA,
    UNCALIBRATED,
    image,
    no_read,
    region,
    uid_of,
)
from tests.dicom_out.tools import iod_errors, template_complaints

WRITER = MammographyCadSrWriter()
UNREAD_VIEWS = no_read(AiStatus.UNSUPPORTED, ReasonCode.VIEWS_MISSING)

CASES: dict[str, tuple[Study, AiRead]] = {
    "flagged": (STUDY, OK_READ),
    "negative": (STUDY, NEGATIVE_READ),
    "partly": (STUDY_WITH_EXTRA, PARTIAL_READ),
    "partly negative": (STUDY_WITH_EXTRA, replace(NEGATIVE_READ, excluded=PARTIAL_READ.excluded)),
    "uncalibrated": (STUDY, UNCALIBRATED),
    "failed": (STUDY, FAILED),
    "unsupported": (STUDY, UNREAD_VIEWS),
    "objected": (STUDY, OBJECTED),
}

SUMMARIES = {
    "flagged": ("111242", "111222"),
    "negative": ("111241", "111222"),
    "partly": ("111244", "111223"),
    "partly negative": ("111243", "111223"),
    "uncalibrated": ("111245", "111224"),
    "failed": ("111245", "111224"),
    "unsupported": ("111245", "111224"),
    "objected": ("111245", "111225"),
}


def items(report: Dataset, name: str) -> list[Dataset]:
    """Content items with this concept name."""
    return [item for _, item in walk(report) if concept(item) == name]


def value(item: Dataset) -> str:
    """Code value of a CODE item."""
    return str(item.ConceptCodeSequence[0].CodeValue)


def words(report: Dataset) -> str:
    """All text of the report."""
    return " ".join(str(item.TextValue) for _, item in walk(report) if item.get("ValueType") == "TEXT")


def number(item: Dataset) -> float:
    """Value of a NUM item."""
    return float(item.MeasuredValueSequence[0].NumericValue)


@pytest.mark.parametrize("name", CASES)
def test_every_kind_of_run_is_a_conformant_object(name: str, tmp_path: Path) -> None:
    path = tmp_path / "cad.dcm"
    uid = WRITER.write(*CASES[name], AT, path)
    assert iod_errors(path) == []
    report = pydicom.dcmread(path)
    assert report.SOPInstanceUID == uid == report.file_meta.MediaStorageSOPInstanceUID
    assert problems(report) == ()


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_every_kind_of_run_follows_template_4000(name: str, tmp_path: Path) -> None:
    path = tmp_path / "cad.dcm"
    WRITER.write(*CASES[name], AT, path)
    assert template_complaints(path) == []


@pytest.mark.parametrize("name", CASES)
def test_summary_codes_say_what_happened(name: str) -> None:
    report = WRITER.dataset(*CASES[name], AT)
    (processing,), (detections,) = items(report, "111017"), items(report, "111064")
    assert (value(processing), value(detections)) == SUMMARIES[name]


@pytest.mark.parametrize("read", [UNCALIBRATED, FAILED, UNREAD_VIEWS, OBJECTED])
def test_a_run_that_is_no_read_carries_neither_mark_nor_score(read: AiRead) -> None:
    report = WRITER.dataset(STUDY, read, AT)
    assert items(report, "111059") == []
    assert [item for _, item in walk(report) if item.get("ValueType") == "SCOORD"] == []
    assert "Not a read" in words(report)
    assert "62 %" not in words(report)
    assert "Exam score" not in words(report)


def test_the_label_and_what_can_change_a_score_are_stated() -> None:
    said = words(WRITER.dataset(STUDY, OK_READ, AT))
    for part in ("phantom-trained, not for clinical use", "ab" * 32, "cal-2026-02", "torch", "phantom-mg", "0.3.0"):
        assert part in said


def test_a_mark_lies_where_the_region_is_and_is_selected_from_its_image() -> None:
    mark = region(Slot.LMLO, FindingType.ARCHITECTURAL_DISTORTION, (100.0, 200.0, 300.0, 500.0))
    report = WRITER.dataset(STUDY, replace(OK_READ, regions=(mark,)), AT)
    (finding,) = items(report, "111059")
    assert value(finding) == "129792006"
    (center,), (outline,) = items(finding, "111010"), items(finding, "111041")
    assert list(center.GraphicData) == [200.0, 350.0]
    assert list(outline.GraphicData) == [100, 200, 300, 200, 300, 500, 100, 500, 100, 200]
    for shape in (center, outline):
        target = dict(walk(report))[tuple(shape.ContentSequence[0].ReferencedContentItemIdentifier)]
        assert target.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == uid_of(Slot.LMLO)


@pytest.mark.parametrize("kind", FindingType)
def test_every_lesion_type_has_a_single_image_code(kind: FindingType) -> None:
    report = WRITER.dataset(STUDY, replace(OK_READ, regions=(region(kind=kind),)), AT)
    assert value(items(report, "111059")[0]) != "129788004", "mass is no single image finding (CID 6014)"


def test_probability_of_cancer_stands_only_where_it_is_calibrated() -> None:
    bare = replace(region(), probability=None)
    report = WRITER.dataset(STUDY, replace(OK_READ, regions=(region(Slot.RCC), bare)), AT)
    assert [number(item) for item in items(report, "111047")] == pytest.approx([3.4])
    assert [number(item) for item in items(report, "111012")] == pytest.approx([62, 62])


@pytest.mark.parametrize(("flagged", "intent"), [(True, "111150"), (False, "111151")])
def test_marks_of_a_flagged_exam_must_be_shown(flagged: bool, intent: str) -> None:
    report = WRITER.dataset(STUDY, replace(OK_READ, flagged=flagged), AT)
    assert {value(item) for item in items(report, "111056")} == {intent}


def test_refused_images_stand_under_failed_detections_with_their_reason() -> None:
    report = WRITER.dataset(STUDY_WITH_EXTRA, PARTIAL_READ, AT)
    (failed,), (succeeded,) = items(report, "111025"), items(report, "111063")
    everything = dict(walk(report))

    def images(part: Dataset) -> set[str]:
        targets = [i.ReferencedContentItemIdentifier for _, i in walk(part) if "ReferencedContentItemIdentifier" in i]
        return {everything[tuple(t)].ReferencedSOPSequence[0].ReferencedSOPInstanceUID for t in targets}

    assert images(failed) == {EXTRA.sop_instance_uid}
    assert images(succeeded) == {uid_of(slot) for slot in Slot}
    assert "not one of the four standard views" in words(failed)


@pytest.mark.parametrize("name", CASES)
def test_every_image_is_evidence(name: str) -> None:
    study, read = CASES[name]
    (evidence,) = WRITER.dataset(study, read, AT).CurrentRequestedProcedureEvidenceSequence
    listed = [
        ref.ReferencedSOPInstanceUID for s in evidence.ReferencedSeriesSequence for ref in s.ReferencedSOPSequence
    ]
    assert evidence.StudyInstanceUID == study.study_instance_uid
    assert sorted(listed) == sorted(image.sop_instance_uid for image in study.images)


def test_our_own_results_that_came_back_are_no_evidence() -> None:
    excluded = (Exclusion(EXTRA.sop_instance_uid, ReasonCode.OWN_RESULT),)
    report = WRITER.dataset(STUDY_WITH_EXTRA, replace(OK_READ, excluded=excluded), AT)
    assert EXTRA.sop_instance_uid not in report.to_json()


def test_patient_and_study_are_copied_as_received(tmp_path: Path) -> None:
    WRITER.write(STUDY, OK_READ, AT, tmp_path / "cad.dcm")
    report = pydicom.dcmread(tmp_path / "cad.dcm")
    assert str(report.PatientName) == "Bäcker^Zoë Ann"
    assert (report.PatientID, report.IssuerOfPatientID) == ("999 000 1234", "NHS")
    assert (report.PatientBirthDate, report.PatientSex, report.PatientAge) == ("19610714", "F", "064Y")
    assert (report.AccessionNumber, report.StudyDate, report.StudyTime) == ("A-77", "20260302", "091500")


def test_an_examination_with_hardly_any_header_still_gets_its_report(tmp_path: Path) -> None:
    bare = replace(HEADER, study_date=None, study_time="", institution="", age_years=None, referring_physician="")
    WRITER.write(replace(STUDY, header=bare), OK_READ, AT, tmp_path / "cad.dcm")
    assert iod_errors(tmp_path / "cad.dcm") == []


def test_the_same_run_gives_the_same_bytes_and_another_result_another_instance(tmp_path: Path) -> None:
    timed = replace(OK_READ, timing=Timing(0.1, 0.2, 0.3, 0.6))
    first = WRITER.write(STUDY, OK_READ, AT, tmp_path / "a.dcm")
    second = WRITER.write(STUDY, timed, AT, tmp_path / "b.dcm")
    assert first == second
    assert (tmp_path / "a.dcm").read_bytes() == (tmp_path / "b.dcm").read_bytes()
    others = [NEGATIVE_READ, FAILED, UNCALIBRATED, replace(OK_READ, calibration_id="cal-2026-03")]
    uids = {str(WRITER.dataset(STUDY, read, AT).SOPInstanceUID) for read in others}
    assert len(uids | {first}) == 5
    assert all(is_ours(uid) and len(uid) <= 64 for uid in uids)


def test_the_report_has_a_series_of_its_own_in_the_same_study() -> None:
    report = WRITER.dataset(STUDY, OK_READ, AT)
    assert report.StudyInstanceUID == STUDY.study_instance_uid
    assert report.SeriesInstanceUID not in {image.series_instance_uid for image in STUDY.images}
    assert is_ours(report.SeriesInstanceUID)
    assert report.SeriesInstanceUID == WRITER.dataset(STUDY, FAILED, AT).SeriesInstanceUID


def test_times_are_those_of_the_site() -> None:
    report = MammographyCadSrWriter(zone=timezone(timedelta(hours=14))).dataset(STUDY, OK_READ, AT)
    assert (report.ContentDate, report.ContentTime) == ("20260303", "001530")
    assert report.ObservationDateTime == "20260303001530+1400"


def test_meanings_carry_no_zero_width_space() -> None:
    report = WRITER.dataset(STUDY_WITH_EXTRA, PARTIAL_READ, AT)
    meanings = [str(element.value) for element in report.iterall() if element.keyword == "CodeMeaning"]
    assert "Individual Impression/Recommendation" in meanings
    assert "\u200b" not in "".join(meanings)


def tomosynthesis(slot: Slot) -> Image:
    made = replace(image(slot), kind=ImageKind.DBT, frames=50, slice_mm=1.25)
    return replace(made, sop_class_uid="1.2.840.10008.5.1.4.1.1.13.1.3")


VOLUMES = replace(STUDY, images=tuple(tomosynthesis(slot) for slot in Slot))


def on_frame(slot: Slot, frame: int) -> Region:
    mark = region(slot)
    return replace(mark, location=replace(mark.location, frame=frame))


FRAME_MARKS = (on_frame(Slot.LCC, 23), on_frame(Slot.LCC, 24), on_frame(Slot.RMLO, 50))
READ_OF_VOLUMES = replace(OK_READ, regions=FRAME_MARKS)


def written(read: AiRead, study: Study, path: Path) -> Dataset:
    WRITER.write(study, read, AT, path)
    return pydicom.dcmread(path)


def test_a_mark_on_a_frame_selects_a_library_entry_that_names_the_frame(tmp_path: Path) -> None:
    report = written(READ_OF_VOLUMES, VOLUMES, tmp_path / "dbt.dcm")
    assert iod_errors(tmp_path / "dbt.dcm") == []
    assert problems(report) == ()
    everything = dict(walk(report))
    for shape in (*items(report, "111010"), *items(report, "111041")):
        target = everything[tuple(shape.ContentSequence[0].ReferencedContentItemIdentifier)]
        reference = target.ReferencedSOPSequence[0]
        assert (reference.ReferencedSOPInstanceUID, reference.ReferencedFrameNumber) in {
            (mark.location.sop_instance_uid, mark.location.frame) for mark in FRAME_MARKS
        }
    centers = [everything[tuple(c.ContentSequence[0].ReferencedContentItemIdentifier)] for c in items(report, "111010")]
    assert sorted(target.ReferencedSOPSequence[0].ReferencedFrameNumber for target in centers) == [23, 24, 50]


def test_the_library_states_the_geometry_of_volumes(tmp_path: Path) -> None:
    report = written(READ_OF_VOLUMES, VOLUMES, tmp_path / "dbt.dcm")
    assert {number(item) for item in items(report, "112226")} == {1.25}
    assert {number(item) for item in items(report, "111026")} == {100.0}
    assert items(written(OK_READ, STUDY, tmp_path / "mg.dcm"), "112226") == []


@pytest.mark.slow
def test_marks_on_frames_follow_template_4000(tmp_path: Path) -> None:
    WRITER.write(VOLUMES, READ_OF_VOLUMES, AT, tmp_path / "dbt.dcm")
    assert template_complaints(tmp_path / "dbt.dcm") == []


def test_image_quality_is_told_in_words_and_changes_no_summary(tmp_path: Path) -> None:
    notes = (QualityNote(uid_of(Slot.LMLO), QualityCode.PECTORAL_SHORT, 12.0),)
    report = written(replace(OK_READ, quality=notes), STUDY, tmp_path / "cad.dcm")
    assert f"LMLO: {QUALITY_TEXTS[QualityCode.PECTORAL_SHORT]}" in words(report)
    assert value(items(report, "111017")[0]) == SUMMARIES["flagged"][0]
    assert iod_errors(tmp_path / "cad.dcm") == []
    assert problems(report) == ()


@pytest.mark.parametrize(("quality", "said"), [(None, "not measured"), ((), "measured, nothing to note")])
def test_image_quality_that_was_not_measured_is_not_called_good(
    tmp_path: Path, quality: tuple[QualityNote, ...] | None, said: str
) -> None:
    report = written(replace(OK_READ, quality=quality), STUDY, tmp_path / "cad.dcm")
    assert f"Image quality: {said}." in words(report)


def test_what_cannot_be_reported_truthfully_is_refused() -> None:
    stray = replace(region(), location=replace(region().location, sop_instance_uid=EXTRA.sop_instance_uid))
    for study, read in (
        (replace(STUDY, images=()), FAILED),
        (STUDY, replace(OK_READ, study_instance_uid=StudyInstanceUid("1.2.3"))),
        (STUDY_WITH_EXTRA, replace(PARTIAL_READ, regions=(stray,))),
    ):
        with pytest.raises(ReportInvalid):
            WRITER.dataset(study, read, AT)


def test_a_retake_that_was_scored_is_reported_with_its_marks(tmp_path: Path) -> None:
    """Every retake is in the library and among the successful detections; the exam itself uses the preferred image."""
    retake = replace(image(Slot.RCC), sop_instance_uid=SopInstanceUid("1.2.3.77"))
    mark = OK_READ.regions[0]
    on_retake = replace(mark, location=replace(mark.location, sop_instance_uid=retake.sop_instance_uid))
    left_out = Exclusion(retake.sop_instance_uid, ReasonCode.REPEAT_NOT_CHOSEN)
    read = replace(OK_READ, regions=(*OK_READ.regions, on_retake), excluded=(*OK_READ.excluded, left_out))
    path = tmp_path / "cad.dcm"
    MammographyCadSrWriter().write(replace(STUDY, images=(*STUDY.images, retake)), read, AT, path)
    assert problems(pydicom.dcmread(path)) == ()
    assert iod_errors(path) == []

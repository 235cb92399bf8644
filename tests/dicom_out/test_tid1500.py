"""What a viewer finds in the measurement report of an AI read: a region per mark, and never a score that is no read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import highdicom.sr
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from screening.dicom.results.shell import Maker
from screening.dicom.results.tid1500 import measurement_report
from screening.dicom.sr_walker import walk
from screening.domain.ai_read import AiRead
from screening.domain.errors import ReportInvalid
from screening.domain.identifiers import StudyInstanceUid
from screening.domain.opinion import FindingType
from screening.domain.quality import Exclusion, ReasonCode
from screening.domain.study import Slot, Study
from tests.dicom_out.samples import (
    AT,
    EXTRA,
    FAILED,
    HEADER,
    OBJECTED,
    OK_READ,
    PARTIAL_READ,
    STUDY,
    STUDY_WITH_EXTRA,
    UNCALIBRATED,
    region,
    uid_of,
)
from tests.dicom_out.test_cad_sr import (
    CASES,
    FRAME_MARKS,
    READ_OF_VOLUMES,
    SUMMARIES,
    UNREAD_VIEWS,
    VOLUMES,
    items,
    number,
    value,
    words,
)
from tests.dicom_out.tools import iod_errors, template_complaints

ALL_CASES = {**CASES, "volumes": (VOLUMES, READ_OF_VOLUMES)}


def report_of(study: Study, read: AiRead) -> Dataset:
    return measurement_report(study, Maker(read, AT))


def written(study: Study, read: AiRead, path: Path) -> Path:
    report_of(study, read).save_as(path, enforce_file_format=True)
    return path


@pytest.mark.parametrize("name", ALL_CASES)
def test_every_kind_of_run_is_a_conformant_object(name: str, tmp_path: Path) -> None:
    assert iod_errors(written(*ALL_CASES[name], tmp_path / "sr.dcm")) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["flagged", "negative", "partly", "objected", "volumes"])
def test_every_kind_of_run_follows_template_1500(name: str, tmp_path: Path) -> None:
    assert template_complaints(written(*ALL_CASES[name], tmp_path / "sr.dcm"), "TID_1500") == []


@pytest.mark.parametrize("name", CASES)
def test_it_says_of_a_run_what_the_cad_report_says(name: str) -> None:
    report = report_of(*CASES[name])
    (processing,), (detections,) = items(report, "111017"), items(report, "111064")
    assert (value(processing), value(detections)) == SUMMARIES[name]


@pytest.mark.parametrize("read", [UNCALIBRATED, FAILED, UNREAD_VIEWS, OBJECTED])
def test_a_run_that_is_no_read_carries_neither_mark_nor_score(read: AiRead) -> None:
    report = report_of(STUDY, read)
    kinds = {str(item.get("ValueType")) for _, item in walk(report)}
    assert "SCOORD" not in kinds
    assert items(report, "111012") + items(report, "111047") + items(report, "126010") == []
    assert "Not a read" in words(report)
    assert "62 %" not in words(report)


def test_another_library_finds_every_mark_where_it_is(tmp_path: Path) -> None:
    read = highdicom.sr.srread(written(VOLUMES, READ_OF_VOLUMES, tmp_path / "sr.dcm"))
    content = read.content
    assert isinstance(content, highdicom.sr.MeasurementReport)
    groups = content.get_planar_roi_measurement_groups()
    assert len(groups) == len(FRAME_MARKS)
    for group, mark in zip(groups, FRAME_MARKS, strict=True):
        at = mark.location
        roi = group.roi
        assert isinstance(roi, highdicom.sr.ImageRegion)
        corners = [(at.x0, at.y0), (at.x1, at.y0), (at.x1, at.y1), (at.x0, at.y1), (at.x0, at.y0)]
        np.testing.assert_array_equal(roi.value, corners)
        source = roi.ContentSequence[0].ReferencedSOPSequence[0]
        assert (source.ReferencedSOPInstanceUID, source.ReferencedFrameNumber) == (at.sop_instance_uid, at.frame)


def test_a_mark_on_a_single_frame_image_names_no_frame() -> None:
    report = report_of(STUDY, OK_READ)
    for outline in items(report, "111030"):
        assert "ReferencedFrameNumber" not in outline.ContentSequence[0].ReferencedSOPSequence[0]


def test_a_mark_says_what_it_is_where_and_by_which_algorithm() -> None:
    mark = region(Slot.LMLO, FindingType.ARCHITECTURAL_DISTORTION)
    report = report_of(STUDY, replace(OK_READ, regions=(mark,)))
    (group,) = items(report, "125007")
    assert value(items(group, "121071")[0]) == "129792006"
    (site,) = items(group, "363698007")
    assert (value(site), value(items(site, "272741003")[0])) == ("76752008", "7771000")
    said = words(group)
    for part in ("AI mark 1", "phantom-mg", "0.3.0", "calibration cal-2026-02", "not for clinical use", "ab" * 32):
        assert part in said


def test_marks_are_tracked_apart_and_alike_in_every_report_of_the_run() -> None:
    first, again = ([str(item.UID) for item in items(report_of(STUDY, OK_READ), "112040")] for _ in range(2))
    assert len(set(first)) == len(OK_READ.regions)
    assert first == again


@pytest.mark.parametrize("kind", [None, *FindingType])
def test_every_lesion_type_has_a_finding(kind: FindingType | None) -> None:
    mark = replace(region(), type=kind)
    (finding,) = items(report_of(STUDY, replace(OK_READ, regions=(mark,))), "121071")
    assert value(finding) == "129788004" if kind is FindingType.MASS else value(finding) != "129788004"


def test_probability_of_cancer_stands_only_where_it_is_calibrated() -> None:
    report = report_of(STUDY, replace(OK_READ, regions=(region(Slot.RCC), replace(region(), probability=None))))
    assert [number(item) for item in items(report, "111047")] == pytest.approx([3.4])
    assert [number(item) for item in items(report, "111012")] == pytest.approx([62, 62])


@pytest.mark.parametrize("name", ALL_CASES)
def test_every_image_is_in_the_library_and_evidence(name: str) -> None:
    study, read = ALL_CASES[name]
    report = report_of(study, read)
    expected = sorted(image.sop_instance_uid for image in study.images)
    (library,) = items(report, "111028")
    entries = [item for _, item in walk(library) if item.get("ValueType") == "IMAGE"]
    assert sorted(entry.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for entry in entries) == expected
    (evidence,) = report.CurrentRequestedProcedureEvidenceSequence
    listed = [r.ReferencedSOPInstanceUID for s in evidence.ReferencedSeriesSequence for r in s.ReferencedSOPSequence]
    assert sorted(listed) == expected


def test_refused_images_are_named_with_their_reason() -> None:
    said = words(report_of(STUDY_WITH_EXTRA, PARTIAL_READ))
    assert f"Image {EXTRA.sop_instance_uid} not read: not one of the four standard views." in said
    assert not any(f"Image {uid_of(slot)} not read" in said for slot in Slot)


def test_our_own_results_that_came_back_are_no_evidence() -> None:
    excluded = (Exclusion(EXTRA.sop_instance_uid, ReasonCode.OWN_RESULT),)
    assert EXTRA.sop_instance_uid not in report_of(STUDY_WITH_EXTRA, replace(OK_READ, excluded=excluded)).to_json()


def test_an_examination_with_hardly_any_header_still_gets_its_report(tmp_path: Path) -> None:
    bare = replace(HEADER, study_date=None, study_time="", institution="", age_years=None, referring_physician="")
    assert iod_errors(written(replace(STUDY, header=bare), OK_READ, tmp_path / "sr.dcm")) == []


def test_meanings_carry_no_zero_width_space(tmp_path: Path) -> None:
    report = pydicom.dcmread(written(STUDY_WITH_EXTRA, PARTIAL_READ, tmp_path / "sr.dcm"))
    meanings = [str(element.value) for element in report.iterall() if element.keyword == "CodeMeaning"]
    assert "\u200b" not in "".join(meanings)


def test_what_cannot_be_reported_truthfully_is_refused() -> None:
    for study, read in (
        (replace(STUDY, images=()), FAILED),
        (STUDY, replace(OK_READ, study_instance_uid=StudyInstanceUid("1.2.3"))),
    ):
        with pytest.raises(ReportInvalid):
            report_of(study, read)

"""Another product's CAD report as an AI read: scores kept, marks placed or refused, failures never a normal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from readers.external.cad_sr import cad_sr
from screening.dicom.instance_reader import DicomInstanceReader
from screening.domain.ai_read import AiRead, AiStatus
from screening.domain.identifiers import FileDigest
from screening.domain.quality import ReasonCode
from screening.domain.study import Laterality, Slot, Study
from tests.dicom_out import samples
from tests.dicom_out.samples import OK_READ, no_read
from tests.readers.ai.studies import Pictures
from tests.readers.external.samples import SR, SR_DIGEST, STUDY, Files, context


def read(files: Files, study: Study, calibrated: bool = True, product: str = "") -> AiRead:
    pixels = Pictures()
    result = cad_sr(replace(context(files, calibrated), cad_sr_product=product)).read(study, pixels, "unit-a")
    assert pixels.loaded == []
    return result


def edited(files: Files, digest: FileDigest = SR_DIGEST, **elements: str) -> None:
    """Change elements of a stored report."""
    report = pydicom.dcmread(files.path(digest))
    for keyword, value in elements.items():
        setattr(report, keyword, value)
    report.save_as(files.path(digest))


def test_the_marks_of_a_calibrated_product_are_a_read(tmp_path: Path) -> None:
    files = Files(tmp_path)
    result = read(files, files.report())
    assert (result.status, result.exam_score, result.raw_score) == (AiStatus.OK, 7, 0.62)
    assert result.identity is not None
    assert result.identity.product == "Second Read/phantom-mg@0.3.0"
    assert [(r.slot, r.raw_score, r.type) for r in result.regions] == [
        (r.slot, r.raw_score, r.type) for r in OK_READ.regions
    ]
    assert [(b.laterality, b.raw_score) for b in result.breasts] == [(Laterality.RIGHT, 0.62), (Laterality.LEFT, 0.0)]
    assert SR_DIGEST in result.input_digests


def test_without_a_calibration_for_the_product_its_scores_are_no_read(tmp_path: Path) -> None:
    files = Files(tmp_path)
    result = read(files, files.report(), calibrated=False)
    assert (result.status, result.reasons) == (AiStatus.UNCALIBRATED, (ReasonCode.STRATUM_UNCALIBRATED,))
    assert (result.raw_score, result.exam_score, result.probability) == (0.62, None, None)


def test_a_report_without_findings_scores_nothing_and_says_so(tmp_path: Path) -> None:
    files = Files(tmp_path)
    result = read(files, files.report(samples.NEGATIVE_READ))
    assert (result.status, result.raw_score, result.regions) == (AiStatus.OK, 0.0, ())


@pytest.mark.parametrize(
    ("source", "status"),
    [
        (samples.FAILED, AiStatus.FAILED),
        (samples.OBJECTED, AiStatus.UNSUPPORTED),
        (no_read(AiStatus.TIMED_OUT, ReasonCode.TIMED_OUT), AiStatus.FAILED),
    ],
)
def test_algorithms_that_failed_are_no_normal(tmp_path: Path, source: AiRead, status: AiStatus) -> None:
    files = Files(tmp_path)
    result = read(files, files.report(source))
    assert (result.status, result.raw_score, result.exam_score) == (status, None, None)


def test_an_image_on_which_it_failed_empties_its_slot(tmp_path: Path) -> None:
    files = Files(tmp_path)
    uid = STUDY.images[2].sop_instance_uid
    slots = tuple(fill for fill in OK_READ.slots if fill.sop_instance_uid != uid)
    kept = tuple(region for region in OK_READ.regions if region.location.sop_instance_uid != uid)
    result = read(files, files.report(replace(OK_READ, slots=slots, regions=kept)))
    assert (result.status, result.reasons) == (AiStatus.UNSUPPORTED, (ReasonCode.VIEWS_MISSING,))
    assert (uid, ReasonCode.NOT_READ_BY_PRODUCT) in [(e.sop_instance_uid, e.reason) for e in result.excluded]


def test_a_mark_on_an_image_of_another_exam_is_refused_and_stops_the_read(tmp_path: Path) -> None:
    files = Files(tmp_path)
    whole = files.report()
    without = replace(whole, images=tuple(i for i in whole.images if i.slot is not Slot.RCC))
    result = read(files, without)
    assert result.status is AiStatus.UNSUPPORTED
    assert result.reasons[0] is ReasonCode.MARK_ELSEWHERE
    assert [region.slot for region in result.regions] == [Slot.RMLO]


def test_an_exam_without_a_report_is_refused(tmp_path: Path) -> None:
    assert read(Files(tmp_path), STUDY).reasons == (ReasonCode.CAD_SR_MISSING,)


def test_our_own_result_is_no_second_product(tmp_path: Path) -> None:
    files = Files(tmp_path)
    study = files.report()
    content = DicomInstanceReader().read(files.path(SR_DIGEST), SR_DIGEST).content
    assert not hasattr(content, "rows")
    own = replace(study, others=(replace(SR, sop_instance_uid=content.sop_instance_uid),))
    assert read(files, own).reasons == (ReasonCode.CAD_SR_MISSING,)


def test_a_broken_report_is_refused(tmp_path: Path) -> None:
    files = Files(tmp_path)
    study = files.report()
    files.path(SR_DIGEST).write_bytes(files.path(SR_DIGEST).read_bytes()[:900])
    assert read(files, study).reasons == (ReasonCode.CAD_SR_INVALID,)


def two_products(files: Files) -> Study:
    other = FileDigest("6" * 64)
    study = files.report(samples.NEGATIVE_READ, other, files.report())
    edited(files, other, Manufacturer="Rival")
    return study


def test_two_products_are_ambiguous_until_one_is_named(tmp_path: Path) -> None:
    files = Files(tmp_path)
    study = two_products(files)
    assert read(files, study).reasons == (ReasonCode.CAD_SR_AMBIGUOUS,)
    assert read(files, study, product="second read").raw_score == 0.62
    assert read(files, study, calibrated=False, product="RIVAL").raw_score == 0.0
    assert read(files, study, product="third").reasons == (ReasonCode.CAD_SR_MISSING,)


def test_of_two_reports_of_one_product_the_later_counts(tmp_path: Path) -> None:
    files = Files(tmp_path)
    later = FileDigest("6" * 64)
    study = files.report(samples.NEGATIVE_READ, later, files.report())
    edited(files, later, ContentDate="20260303")
    assert read(files, study).raw_score == 0.0


def test_a_mark_without_a_score_counts_as_the_highest_and_says_so(tmp_path: Path) -> None:
    files = Files(tmp_path)
    study = files.report()
    report = pydicom.dcmread(files.path(SR_DIGEST))
    for impression in report.ContentSequence[2].ContentSequence:
        for finding in (f for f in impression.get("ContentSequence", ()) if "ConceptCodeSequence" in f):
            kept = [i for i in finding.get("ContentSequence", ()) if i.ValueType != "NUM"] if _marks(finding) else None
            finding.ContentSequence = kept if kept is not None else finding.get("ContentSequence", [])
    report.save_as(files.path(SR_DIGEST))
    result = read(files, study)
    assert result.raw_score == 1.0
    assert {warning.reason for warning in result.warnings} == {ReasonCode.SCORE_NOT_STATED}


def _marks(item: pydicom.Dataset) -> bool:
    return bool(item.ConceptNameCodeSequence[0].CodeValue == "111059")

"""The walker notices each planted fault that the public validators let pass."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydicom.dataset import Dataset

from screening.dicom.cad_sr import MammographyCadSrWriter
from screening.dicom.sr_walker import concept, problems, walk
from tests.dicom_out.samples import AT, OK_READ, STUDY


def _first(report: Dataset, name: str) -> Dataset:
    return next(item for _, item in walk(report) if concept(item) == name)


def dangling_reference(report: Dataset) -> None:
    _first(report, "111010").ContentSequence[0].ReferencedContentItemIdentifier = [1, 2, 99]


def reference_to_no_image(report: Dataset) -> None:
    _first(report, "111041").ContentSequence[0].ReferencedContentItemIdentifier = [1, 3]


def reference_shifted_by_an_item_before_the_library(report: Dataset) -> None:
    report.ContentSequence.insert(1, report.ContentSequence[0])


def detection_on_an_image_that_is_gone(report: Dataset) -> None:
    report.ContentSequence[1].ContentSequence.pop()


def missing_template(report: Dataset) -> None:
    del report.ContentTemplateSequence


def other_template(report: Dataset) -> None:
    report.ContentTemplateSequence[0].TemplateIdentifier = "1500"


def mark_without_image(report: Dataset) -> None:
    del _first(report, "111010").ContentSequence


def no_evidence(report: Dataset) -> None:
    del report.CurrentRequestedProcedureEvidenceSequence


def image_missing_from_evidence(report: Dataset) -> None:
    report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence.pop()


FAULTS: dict[Callable[[Dataset], None], str] = {
    dangling_reference: "does not exist",
    reference_to_no_image: "no image of the library",
    reference_shifted_by_an_item_before_the_library: "does not exist",
    detection_on_an_image_that_is_gone: "does not exist",
    missing_template: "template",
    other_template: "template",
    mark_without_image: "not selected from exactly one",
    no_evidence: "no evidence",
    image_missing_from_evidence: "not listed as evidence",
}


@pytest.mark.parametrize("plant", FAULTS, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_noticed(plant: Callable[[Dataset], None]) -> None:
    report = MammographyCadSrWriter().dataset(STUDY, OK_READ, AT)
    assert problems(report) == ()
    plant(report)
    assert any(FAULTS[plant] in found for found in problems(report))

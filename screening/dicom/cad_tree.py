"""The content tree of a Mammography CAD report (PS3.16 TID 4000 and below); order of items is significant.

Decides nothing about a run: `cad_outcome` does. Deals in domain values only and touches no file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydicom.dataset import Dataset

from screening.dicom import sr_codes as codes
from screening.dicom.cad_library import CadLibrary
from screening.dicom.cad_outcome import CadOutcome
from screening.dicom.cad_text import Algorithm, impression
from screening.dicom.sr_codes import Code
from screening.dicom.sr_items import Position, Relation, by_reference, code, container, num, scoord, text
from screening.domain.ai_read import AiRead, Region
from screening.domain.geometry import Box
from screening.domain.study import Laterality, Study

_PROPERTY = Relation.HAS_PROPERTIES


def report_tree(
    study: Study, read: AiRead, outcome: CadOutcome, algorithm: Algorithm, detections: Sequence[Code]
) -> Dataset:
    """The root container with everything below it.

    `detections` are the CID 6014 codes that the algorithm looks for.
    """
    library = CadLibrary(outcome.images, outcome.regions)
    return container(
        None,
        codes.MAMMOGRAPHY_CAD_REPORT,
        [
            code(Relation.HAS_CONCEPT_MOD, codes.LANGUAGE, codes.ENGLISH),
            container(Relation.CONTAINS, codes.IMAGE_LIBRARY, library.items(study.header)),
            _findings_summary(read, outcome, algorithm, library),
            _detections_summary(outcome, algorithm, detections, library),
            code(Relation.CONTAINS, codes.SUMMARY_OF_ANALYSES, codes.NOT_ATTEMPTED),
        ],
    )


def _algorithm(algorithm: Algorithm, *extra: str) -> Iterator[Dataset]:
    """TID 4019."""
    yield text(_PROPERTY, codes.ALGORITHM_NAME, algorithm.name)
    yield text(_PROPERTY, codes.ALGORITHM_VERSION, algorithm.version)
    for parameter in (*algorithm.parameters, *extra):
        yield text(_PROPERTY, codes.ALGORITHM_PARAMETERS, parameter)


def _findings_summary(read: AiRead, outcome: CadOutcome, algorithm: Algorithm, library: CadLibrary) -> Dataset:
    """TID 4001: the overall impression, then one impression per breast that has marks."""
    overall = [
        text(_PROPERTY, codes.IMPRESSION_DESCRIPTION, impression(read, len(outcome.refused))),
        *_algorithm(algorithm),
    ]
    marked = [
        _breast(read, regions, algorithm, library)
        for laterality in Laterality
        if (regions := [region for region in outcome.regions if region.laterality is laterality])
    ]
    return code(Relation.CONTAINS, codes.PROCESSING_SUMMARY, outcome.processing, [*overall, *marked])


def _intent(read: AiRead) -> Dataset:
    """Marks of a flagged exam must be shown; marks below the operating point may be (PS3.4 O.2.2.1, CID 6034)."""
    intent = codes.PRESENTATION_REQUIRED if read.flagged else codes.PRESENTATION_OPTIONAL
    return code(Relation.HAS_CONCEPT_MOD, codes.RENDERING_INTENT, intent)


def _breast(read: AiRead, regions: Sequence[Region], algorithm: Algorithm, library: CadLibrary) -> Dataset:
    """TID 4003: impression of one breast.

    Its score stands in the overall impression: TID 4002 below a container breaks the relationship constraints of the
    IOD (PS3.3 A.35.5.3.1.3), which know Has Properties below TEXT, CODE and NUM only.
    """
    return container(
        Relation.INFERRED_FROM,
        codes.INDIVIDUAL_IMPRESSION,
        [
            _intent(read),
            *(_finding(read, region, algorithm, library) for region in regions),
        ],
    )


def _finding(read: AiRead, region: Region, algorithm: Algorithm, library: CadLibrary) -> Dataset:
    """TID 4006: one mark. Certainty is the raw score; a probability is written only where it is calibrated."""
    children = [
        _intent(read),
        *_algorithm(algorithm),
        num(_PROPERTY, codes.CERTAINTY_OF_FINDING, 100 * region.raw_score, codes.PERCENT),
    ]
    if region.probability is not None and read.calibration_id is not None:
        children.append(num(_PROPERTY, codes.PROBABILITY_OF_CANCER, 100 * region.probability, codes.PERCENT))
    location = region.location
    children += _geometry((location.x0, location.y0, location.x1, location.y1), library.of(location))
    finding = codes.SINGLE_IMAGE_FINDINGS[region.type]
    return code(Relation.CONTAINS, codes.SINGLE_IMAGE_FINDING, finding, children)


def _geometry(box: Box, target: Position) -> Iterator[Dataset]:
    """TID 4021: centre and closed outline."""
    x0, y0, x1, y1 = box
    yield scoord(_PROPERTY, codes.CENTER, "POINT", [((x0 + x1) / 2, (y0 + y1) / 2)], target)
    outline = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
    yield scoord(_PROPERTY, codes.OUTLINE, "POLYLINE", outline, target)


def _detections_summary(
    outcome: CadOutcome, algorithm: Algorithm, detections: Sequence[Code], library: CadLibrary
) -> Dataset:
    """TID 4015: what was looked for, on which images it succeeded, and on which it failed and why."""
    children: list[Dataset] = []
    if outcome.detections in (codes.SUCCEEDED, codes.PARTIALLY_SUCCEEDED):
        positions = [library.position(image.sop_instance_uid) for image in outcome.scored]
        performed = [_detection(kind, algorithm, (), positions) for kind in detections]
        children.append(container(Relation.INFERRED_FROM, codes.SUCCESSFUL_DETECTIONS, performed))
    if outcome.detections in (codes.FAILED, codes.PARTIALLY_SUCCEEDED):
        failed = [
            _detection(kind, algorithm, (f"not read: {reason}",), positions)
            for reason, positions in _by_reason(outcome, library).items()
            for kind in detections
        ]
        children.append(container(Relation.INFERRED_FROM, codes.FAILED_DETECTIONS, failed))
    return code(Relation.CONTAINS, codes.SUMMARY_OF_DETECTIONS, outcome.detections, children)


def _by_reason(outcome: CadOutcome, library: CadLibrary) -> dict[str, list[Position]]:
    grouped: dict[str, list[Position]] = {}
    for refused in outcome.refused:
        grouped.setdefault(refused.reason, []).append(library.position(refused.image.sop_instance_uid))
    return grouped


def _detection(kind: Code, algorithm: Algorithm, extra: Sequence[str], positions: Sequence[Position]) -> Dataset:
    """TID 4017."""
    references = [by_reference(_PROPERTY, position) for position in positions]
    return code(Relation.CONTAINS, codes.DETECTION_PERFORMED, kind, [*_algorithm(algorithm, *extra), *references])

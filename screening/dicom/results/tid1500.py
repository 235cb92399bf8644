"""Writes an AI read as a measurement report (PS3.16 TID 1500) in a Comprehensive SR, for viewers that read no CAD SR.

The measurement groups are highdicom's; the root is not, because highdicom makes no report without a measurement, and
a read without marks, or a run that is no read, must be told too. Coordinates are those of the stored image, so that
two dimensions and a frame number say everything; a report in three would need a frame of reference that projection
images do not have. What may be said of a run that is no read is decided in `cad_outcome`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import highdicom.sr as hd
import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import ComprehensiveSRStorage

from screening.dicom import sr_codes as cad_codes
from screening.dicom.cad_library import matrix_items, study_moment, view_items
from screening.dicom.cad_outcome import CadOutcome, cad_outcome
from screening.dicom.cad_text import impression
from screening.dicom.codes import MAMMOGRAPHY_FAMILIES, sop_family
from screening.dicom.patient_study import put_patient_and_study
from screening.dicom.results import tid1500_codes as codes
from screening.dicom.results.shell import (
    TID_1500,
    Maker,
    evidence,
    put_document,
    put_series,
    seal,
    tracking,
)
from screening.dicom.results.tid1500_codes import coded
from screening.dicom.sr_items import ZERO_WIDTH_SPACE, Relation, code, container, image, sop_reference, text
from screening.domain.ai_read import AiRead, Region
from screening.domain.identifiers import minted_uid
from screening.domain.study import Image, Study, StudyHeader


def measurement_report(study: Study, maker: Maker) -> Dataset:
    """The report as a data set with its file meta information.

    Raises ReportInvalid when no truthful report can be made: an image-less study, a read of another study, a mark on
    an image that was not read.
    """
    outcome = cad_outcome(study, maker.read)
    report = container(None, codes.REPORT, _root_items(study, maker, outcome))
    put_patient_and_study(report, study.header)
    put_series(report, TID_1500, maker)
    put_document(report, maker, "1500")
    report.CurrentRequestedProcedureEvidenceSequence = evidence(outcome.images)
    report.SOPClassUID = ComprehensiveSRStorage
    _without_zero_width_spaces(report)
    seal(report, TID_1500, maker)
    return report


def _root_items(study: Study, maker: Maker, outcome: CadOutcome) -> Iterator[Dataset]:
    yield code(Relation.HAS_CONCEPT_MOD, cad_codes.LANGUAGE, cad_codes.ENGLISH)
    yield from hd.ObservationContext(observer_device_context=_observer(maker))
    yield code(Relation.HAS_CONCEPT_MOD, codes.PROCEDURE_REPORTED, codes.MAMMOGRAPHY)
    yield container(Relation.CONTAINS, cad_codes.IMAGE_LIBRARY, [_library_group(study.header, outcome.images)])
    groups = [item for number, region in enumerate(outcome.regions, 1) for item in _group(study, maker, number, region)]
    if groups:
        yield container(Relation.CONTAINS, codes.IMAGING_MEASUREMENTS, groups)
    yield container(Relation.CONTAINS, codes.QUALITATIVE_EVALUATIONS, _evaluations(maker, outcome))


def _observer(maker: Maker) -> hd.ObserverContext:
    """TID 1002: this service, under a UID of its own per software version."""
    made_by = maker.equipment
    device = hd.DeviceObserverIdentifyingAttributes(
        uid=minted_uid("device", made_by.model, made_by.software),
        name=made_by.model,
        manufacturer_name=made_by.manufacturer,
        model_name=made_by.model,
    )
    return hd.ObserverContext(hd.CodedConcept.from_code(coded(codes.DEVICE)), device)


def _library_group(header: StudyHeader, images: Sequence[Image]) -> Dataset:
    """TID 1601: every image of the run, read or refused."""
    entries = [
        image(
            Relation.CONTAINS,
            sop_reference(stored.sop_class_uid, stored.sop_instance_uid),
            _descriptors(stored, header),
        )
        for stored in images
    ]
    return container(Relation.CONTAINS, codes.LIBRARY_GROUP, entries)


def _descriptors(stored: Image, header: StudyHeader) -> Iterator[Dataset]:
    """TID 1602 and 1603."""
    mammography = sop_family(stored.sop_class_uid) in MAMMOGRAPHY_FAMILIES
    yield code(Relation.HAS_ACQ_CONTEXT, codes.MODALITY, codes.MG if mammography else codes.OTHER_MODALITY)
    if stored.laterality is not None:
        yield code(Relation.HAS_ACQ_CONTEXT, cad_codes.IMAGE_LATERALITY, codes.SIDES[stored.laterality])
    yield from study_moment(header)
    yield from matrix_items(stored)
    yield from view_items(stored)


def _group(
    study: Study, maker: Maker, number: int, region: Region
) -> hd.PlanarROIMeasurementsAndQualitativeEvaluations:
    """TID 1410: one mark."""
    identifier, uid = tracking(study.study_instance_uid, maker.read, number)
    algorithm = maker.algorithm
    return hd.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.TrackingIdentifier(uid=uid, identifier=identifier),
        referenced_region=_outline(study.image(region.location.sop_instance_uid), region),
        finding_type=coded(codes.FINDINGS[region.type]),
        finding_sites=[hd.FindingSite(coded(codes.BREAST), laterality=coded(codes.SIDES[region.laterality]))],
        algorithm_id=hd.AlgorithmIdentification(algorithm.name, algorithm.version, algorithm.parameters),
        measurements=list(_measurements(maker.read, region)),
    )


def _outline(stored: Image, region: Region) -> hd.ImageRegion:
    """The box as a closed polyline, (0, 0) at the top-left corner of the top-left stored pixel (PS3.3 C.18.6.1.2)."""
    at = region.location
    corners = [(at.x0, at.y0), (at.x1, at.y0), (at.x1, at.y1), (at.x0, at.y1), (at.x0, at.y0)]
    frames = None if at.frame is None else [at.frame]
    source = hd.SourceImageForRegion(stored.sop_class_uid, stored.sop_instance_uid, frames)
    return hd.ImageRegion(hd.GraphicTypeValues.POLYLINE, np.asarray(corners, dtype=np.float64), source)


def _measurements(read: AiRead, region: Region) -> Iterator[hd.Measurement]:
    """Certainty is the raw score; a probability is written only where it is calibrated."""
    unit = coded(cad_codes.PERCENT)
    yield hd.Measurement(coded(cad_codes.CERTAINTY_OF_FINDING), round(100 * region.raw_score, 4), unit)
    if region.probability is not None and read.calibration_id is not None:
        yield hd.Measurement(coded(cad_codes.PROBABILITY_OF_CANCER), round(100 * region.probability, 4), unit)


def _evaluations(maker: Maker, outcome: CadOutcome) -> Iterator[Dataset]:
    """What became of the run, in the codes of a CAD report, then in words; the algorithm also without a mark."""
    yield code(Relation.CONTAINS, cad_codes.PROCESSING_SUMMARY, outcome.processing)
    yield code(Relation.CONTAINS, cad_codes.SUMMARY_OF_DETECTIONS, outcome.detections)
    yield text(Relation.CONTAINS, cad_codes.IMPRESSION_DESCRIPTION, impression(maker.read, 0))
    algorithm = maker.algorithm
    yield text(Relation.CONTAINS, cad_codes.ALGORITHM_NAME, algorithm.name)
    yield text(Relation.CONTAINS, cad_codes.ALGORITHM_VERSION, algorithm.version)
    for parameter in algorithm.parameters:
        yield text(Relation.CONTAINS, cad_codes.ALGORITHM_PARAMETERS, parameter)
    for refused in outcome.refused:
        said = f"Image {refused.image.sop_instance_uid} not read: {refused.reason}."
        yield text(Relation.CONTAINS, codes.COMMENT, said)


def _without_zero_width_spaces(report: Dataset) -> None:
    """Machine-made code tables carry U+200B in meanings; no report of ours does."""
    for element in report.iterall():
        if element.keyword == "CodeMeaning":
            element.value = str(element.value).replace(ZERO_WIDTH_SPACE, "")

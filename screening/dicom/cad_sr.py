"""Writes an AI read as Mammography CAD SR (PS3.3 A.35.5, PS3.16 TID 4000), the port `CadSrWriter`.

What the report says of a run that is no read is decided in `cad_outcome` (and explained there); this module puts the
document around it: patient and study as received, our own series, UIDs made from the content, times from outside.
It must not read a clock, and writes nothing that its own checks refuse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import UID, ExplicitVRLittleEndian, MammographyCADSRStorage

from screening.dicom import sr_codes as codes
from screening.dicom.cad_outcome import cad_outcome
from screening.dicom.cad_text import Algorithm, algorithm_of
from screening.dicom.cad_tree import report_tree
from screening.dicom.sr_items import sop_reference
from screening.dicom.sr_walker import problems
from screening.domain.ai_read import AiRead
from screening.domain.errors import ReportInvalid
from screening.domain.identifiers import UID_ROOT, minted_uid
from screening.domain.opinion import FindingType
from screening.domain.study import Image, Study, StudyHeader

IMPLEMENTATION_CLASS_UID = UID(f"{UID_ROOT}.1")
SERIES_NUMBER = 8801
"""Above the series numbers that modalities count up to, so that results sort last."""

SEARCHED = (FindingType.MASS, FindingType.CALCIFICATION, FindingType.ARCHITECTURAL_DISTORTION)


@dataclass(frozen=True)
class Equipment:
    """Who made the object (General Equipment module): the service, not the modality."""

    manufacturer: str = "Second Read"
    model: str = "secondread"
    software: str = "0.1.0"


@dataclass(frozen=True)
class MammographyCadSrWriter:
    """The writer.

    `searched` are the lesion types the reader looks for; `zone` is the site's time zone, in which DICOM dates and
    times of the object are written.
    """

    equipment: Equipment = Equipment()
    searched: tuple[FindingType, ...] = SEARCHED
    zone: tzinfo = UTC

    def dataset(self, study: Study, read: AiRead, at: datetime) -> Dataset:
        """The report as a data set with its file meta information.

        `at` is the time-zone aware moment of the run. Raises ReportInvalid when no truthful, well-formed report can
        be made: an image-less study, a read of another study, a mark on an image that was not read.
        """
        outcome = cad_outcome(study, read)
        algorithm = self._algorithm(read)
        report = report_tree(study, read, outcome, algorithm, self._detections())
        _patient_and_study(report, study.header)
        self._series_and_document(report, study, read, at)
        report.CurrentRequestedProcedureEvidenceSequence = _evidence(outcome.images)
        found = problems(report)
        if found:
            raise ReportInvalid("; ".join(found))
        return report

    def write(self, study: Study, read: AiRead, at: datetime, path: Path) -> str:
        """Write the report to `path` and return its SOP Instance UID. Raises ReportInvalid like `dataset`.

        The UID follows from the study, the whole read (timing aside), the software and the moment of the run: sending
        a run again sends the same instance, and another result is never hidden under a known UID.
        """
        report = self.dataset(study, read, at)
        report.save_as(path, enforce_file_format=True)
        return str(report.SOPInstanceUID)

    def _algorithm(self, read: AiRead) -> Algorithm:
        if read.identity is None:
            return Algorithm(self.equipment.model, self.equipment.software, ("no AI model was run",))
        return algorithm_of(read.identity, read.calibration_id)

    def _detections(self) -> Sequence[codes.Code]:
        return tuple(dict.fromkeys(codes.SINGLE_IMAGE_FINDINGS[kind] for kind in self.searched))

    def _series_and_document(self, report: Dataset, study: Study, read: AiRead, at: datetime) -> None:
        local = at.astimezone(self.zone)
        product = read.identity.product if read.identity else ""
        uids = (study.study_instance_uid, "cad-sr", self.equipment.software, product)
        report.SOPClassUID = MammographyCADSRStorage
        report.SOPInstanceUID = minted_uid(
            *uids, *map(str, self.searched), repr(replace(read, timing=None)), at.isoformat()
        )
        report.SeriesInstanceUID = minted_uid(*uids, "series")
        report.Modality = "SR"
        report.SeriesNumber = SERIES_NUMBER
        report.SeriesDescription = "Mammography CAD"
        report.ReferencedPerformedProcedureStepSequence = DicomSequence([])
        self._general_equipment(report, product)
        _document(report, local)
        _file_meta(report)

    def _general_equipment(self, report: Dataset, product: str) -> None:
        report.Manufacturer = self.equipment.manufacturer
        report.ManufacturerModelName = self.equipment.model
        report.SoftwareVersions = [version for version in (self.equipment.software, product) if version]


def _patient_and_study(report: Dataset, header: StudyHeader) -> None:
    """Patient and General Study modules, as received."""
    woman = header.participant
    report.SpecificCharacterSet = "ISO_IR 192"
    report.PatientName = f"{woman.family}^{woman.given}" if woman.given else woman.family
    report.PatientID = woman.person.value
    if woman.person.issuer:
        report.IssuerOfPatientID = woman.person.issuer
    report.PatientBirthDate = woman.birth_date.replace("-", "")
    report.PatientSex = woman.sex
    if header.age_years is not None:
        report.PatientAge = f"{header.age_years:03d}Y"
    report.StudyInstanceUID = header.study_instance_uid
    report.StudyDate = header.study_date.strftime("%Y%m%d") if header.study_date else ""
    report.StudyTime = header.study_time
    report.StudyID = header.study_id
    report.AccessionNumber = header.accession_number
    report.ReferringPhysicianName = header.referring_physician
    if header.institution:
        report.InstitutionName = header.institution


def _document(report: Dataset, local: datetime) -> None:
    """SR Document General module; the offset stands in Observation DateTime, as Study Time keeps that of its maker."""
    report.InstanceNumber = 1
    report.ContentDate = report.InstanceCreationDate = local.strftime("%Y%m%d")
    report.ContentTime = report.InstanceCreationTime = local.strftime("%H%M%S")
    report.ObservationDateTime = local.strftime("%Y%m%d%H%M%S%z")
    report.CompletionFlag = "COMPLETE"
    report.VerificationFlag = "UNVERIFIED"
    report.PerformedProcedureCodeSequence = DicomSequence([])
    template = Dataset()
    template.MappingResource = "DCMR"
    template.TemplateIdentifier = "4000"
    report.ContentTemplateSequence = DicomSequence([template])


def _file_meta(report: Dataset) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = report.SOPClassUID
    meta.MediaStorageSOPInstanceUID = report.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    meta.ImplementationVersionName = "SECONDREAD"
    report.file_meta = meta


def _evidence(images: Sequence[Image]) -> DicomSequence:
    """Every image read or refused, by study and series (PS3.3 C.17.2.3): viewers open a report through its evidence."""
    studies: dict[str, dict[str, list[Dataset]]] = {}
    for image in images:
        reference = sop_reference(image.sop_class_uid, image.sop_instance_uid)
        of_study = studies.setdefault(image.study_instance_uid, {})
        of_study.setdefault(image.series_instance_uid, []).append(reference)
    return DicomSequence([_study(uid, series) for uid, series in studies.items()])


def _study(uid: str, series: Mapping[str, Sequence[Dataset]]) -> Dataset:
    item = Dataset()
    item.StudyInstanceUID = uid
    item.ReferencedSeriesSequence = DicomSequence([_series(uid, listed) for uid, listed in series.items()])
    return item


def _series(uid: str, instances: Sequence[Dataset]) -> Dataset:
    item = Dataset()
    item.SeriesInstanceUID = uid
    item.ReferencedSOPSequence = DicomSequence(list(instances))
    return item

"""What every result object of ours has around its content: patient and study as received, our series, who made it.

Shared by all kinds, so that a PACS files them alike and recognises them as ours. Knows no content and reads no clock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from io import BytesIO
from typing import Final

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import UID, ExplicitVRLittleEndian

from screening.dicom.cad_text import Algorithm, algorithm_of
from screening.dicom.sr_items import sop_reference
from screening.domain.ai_read import AiRead
from screening.domain.identifiers import UID_ROOT, StudyInstanceUid, minted_uid
from screening.domain.results import ResultKind
from screening.domain.study import Image

IMPLEMENTATION_CLASS_UID = UID(f"{UID_ROOT}.1")


@dataclass(frozen=True)
class Equipment:
    """Who made the object (General Equipment module): the service, not the modality."""

    manufacturer: str = "Second Read"
    model: str = "secondread"
    software: str = "0.1.0"


THIS_SERVICE: Final = Equipment()


@dataclass(frozen=True)
class Maker:
    """Who makes an object of which read when: what the parts of every object outside its content come from.

    `at` is the time-zone aware moment of the run, `zone` that of the site, in which DICOM dates and times are written.
    """

    read: AiRead
    at: datetime
    equipment: Equipment = THIS_SERVICE
    zone: tzinfo = UTC

    @property
    def local(self) -> datetime:
        """The moment of the run on the site's clock."""
        return self.at.astimezone(self.zone)

    @property
    def product(self) -> str:
        """Model and version, "" when no model was run."""
        return self.read.identity.product if self.read.identity else ""

    @property
    def algorithm(self) -> Algorithm:
        """The model with everything that can change a score, or this service where no model was run."""
        if self.read.identity is None:
            return Algorithm(self.equipment.model, self.equipment.software, ("no AI model was run",))
        return algorithm_of(self.read.identity, self.read.calibration_id)


@dataclass(frozen=True)
class Series:
    """What is fixed about the series of a kind; numbers lie above those that modalities count up to."""

    kind: ResultKind
    modality: str
    number: int
    description: str


CAD_SR: Final = Series(ResultKind.CAD_SR, "SR", 8801, "Mammography CAD")
TID_1500: Final = Series(ResultKind.TID_1500, "SR", 8802, "AI measurement report")
GSPS: Final = Series(ResultKind.GSPS, "PR", 8803, "AI marks")
SECONDARY_CAPTURE: Final = Series(ResultKind.SECONDARY_CAPTURE, "MG", 8804, "AI contact sheet")


def put_series(result: Dataset, series: Series, maker: Maker) -> None:
    """General Series and General Equipment modules; the study must be in place. One series per kind and product."""
    software = maker.equipment.software
    result.SeriesInstanceUID = minted_uid(result.StudyInstanceUID, series.kind.value, software, maker.product, "series")
    result.Modality = series.modality
    result.SeriesNumber = series.number
    result.SeriesDescription = series.description
    result.Manufacturer = maker.equipment.manufacturer
    result.ManufacturerModelName = maker.equipment.model
    result.SoftwareVersions = [version for version in (software, maker.product) if version]


def put_no_side(result: Dataset) -> None:
    """General Series Laterality for a series on both breasts: known to be asked for, and without a value (type 2C)."""
    result.Laterality = ""


def put_creation(result: Dataset, maker: Maker) -> None:
    """Instance Creation Date and Time (SOP Common module)."""
    result.InstanceCreationDate = maker.local.strftime("%Y%m%d")
    result.InstanceCreationTime = maker.local.strftime("%H%M%S")


def put_document(report: Dataset, maker: Maker, template: str) -> None:
    """SR Document General module and the template of the root (PS3.3 C.17.2).

    The offset stands in Observation DateTime, as Study Time keeps that of its maker.
    """
    put_creation(report, maker)
    report.InstanceNumber = 1
    report.ContentDate, report.ContentTime = report.InstanceCreationDate, report.InstanceCreationTime
    report.ObservationDateTime = maker.local.strftime("%Y%m%d%H%M%S%z")
    report.CompletionFlag = "COMPLETE"
    report.VerificationFlag = "UNVERIFIED"
    report.PerformedProcedureCodeSequence = DicomSequence([])
    report.ReferencedPerformedProcedureStepSequence = DicomSequence([])
    item = Dataset()
    item.MappingResource = "DCMR"
    item.TemplateIdentifier = template
    report.ContentTemplateSequence = DicomSequence([item])


def put_file_meta(result: Dataset) -> None:
    """File Meta Information (PS3.10 7.1); SOP class and instance must be in place."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = result.SOPClassUID
    meta.MediaStorageSOPInstanceUID = result.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    meta.ImplementationVersionName = "SECONDREAD"
    result.file_meta = meta


def seal(result: Dataset, series: Series, maker: Maker) -> None:
    """Give a finished data set its SOP Instance UID, made from its content and the moment of the run, and file meta.

    The same run gives the same instance; whatever differs, patient attributes included, gives another.
    """
    content = BytesIO()
    dcmwrite(content, result, implicit_vr=False, little_endian=True)
    digest = hashlib.sha256(content.getvalue()).hexdigest()
    moment = maker.at.astimezone(UTC).isoformat()
    result.SOPInstanceUID = minted_uid(result.StudyInstanceUID, series.kind.value, digest, moment)
    put_file_meta(result)


def tracking(study: StudyInstanceUid, read: AiRead, number: int) -> tuple[str, str]:
    """Tracking identifier and UID of mark `number` (from 1) of a read, the same in every kind of object (TID 4108)."""
    product = read.identity.product if read.identity else ""
    return f"AI mark {number}", minted_uid(study, "mark", product, str(number), repr(read.regions[number - 1]))


def evidence(images: Iterable[Image]) -> DicomSequence:
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

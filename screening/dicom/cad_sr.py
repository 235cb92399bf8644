"""Writes an AI read as Mammography CAD SR (PS3.3 A.35.5, PS3.16 TID 4000), the port `CadSrWriter`.

What the report says of a run that is no read is decided in `cad_outcome` (and explained there); this module puts the
document around it: patient and study as received, our own series, UIDs made from the content, times from outside.
It must not read a clock, and writes nothing that its own checks refuse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import MammographyCADSRStorage

from screening.dicom import sr_codes as codes
from screening.dicom.cad_outcome import cad_outcome
from screening.dicom.cad_tree import report_tree
from screening.dicom.patient_study import put_patient_and_study
from screening.dicom.results.shell import (
    CAD_SR,
    THIS_SERVICE,
    Equipment,
    Maker,
    evidence,
    put_document,
    put_series,
    seal,
)
from screening.dicom.sr_walker import problems
from screening.domain.ai_read import AiRead
from screening.domain.errors import ReportInvalid
from screening.domain.opinion import FindingType
from screening.domain.study import Study

SEARCHED = (FindingType.MASS, FindingType.CALCIFICATION, FindingType.ARCHITECTURAL_DISTORTION)


@dataclass(frozen=True)
class MammographyCadSrWriter:
    """The writer.

    `searched` are the lesion types the reader looks for; `zone` is the site's time zone, in which DICOM dates and
    times of the object are written.
    """

    equipment: Equipment = THIS_SERVICE
    searched: tuple[FindingType, ...] = SEARCHED
    zone: tzinfo = UTC

    def dataset(self, study: Study, read: AiRead, at: datetime) -> Dataset:
        """The report as a data set with its file meta information.

        `at` is the time-zone aware moment of the run. Raises ReportInvalid when no truthful, well-formed report can
        be made: an image-less study, a read of another study, a mark on an image that was not read.
        """
        outcome = cad_outcome(study, read)
        maker = Maker(read, at, self.equipment, self.zone)
        report = report_tree(study, read, outcome, maker.algorithm, self._detections())
        put_patient_and_study(report, study.header)
        put_series(report, CAD_SR, maker)
        put_document(report, maker, "4000")
        report.CurrentRequestedProcedureEvidenceSequence = evidence(outcome.images)
        report.SOPClassUID = MammographyCADSRStorage
        seal(report, CAD_SR, maker)
        found = problems(report)
        if found:
            raise ReportInvalid("; ".join(found))
        return report

    def write(self, study: Study, read: AiRead, at: datetime, path: Path) -> str:
        """Write the report to `path` and return its SOP Instance UID. Raises ReportInvalid like `dataset`.

        The UID follows from the content and the moment of the run: sending a run again sends the same instance, and
        another result, or the same one on a study that has changed since, is never hidden under a known UID.
        """
        report = self.dataset(study, read, at)
        report.save_as(path, enforce_file_format=True)
        return str(report.SOPInstanceUID)

    def _detections(self) -> Sequence[codes.Code]:
        return tuple(dict.fromkeys(codes.SINGLE_IMAGE_FINDINGS[kind] for kind in self.searched))

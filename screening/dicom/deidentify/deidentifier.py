"""One object in, one object without identity out, or a reason why not (port `Deidentifier`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from pydicom.dataset import Dataset

from screening.dicom.attributes import frames
from screening.dicom.codes import MAMMOGRAPHY_FAMILIES, SopFamily, sop_family
from screening.dicom.deidentify.cleaner import Cleaner
from screening.dicom.deidentify.identity import Identity
from screening.dicom.deidentify.pixel_checks import Look, Verdict, frames_without_air, look_at_pixels
from screening.dicom.deidentify.pixel_writing import write_masked, write_object
from screening.dicom.deidentify.table import EDITION, OPTIONS, RULES
from screening.dicom.elements import quiet, text
from screening.dicom.header import OpenedFile, open_file
from screening.domain.errors import NotDicom, UnusableImage
from screening.workflow.pseudonyms import Pseudonyms
from screening.workflow.research_export import Subject, Treated, Treatment

_METHOD: Final = f"PS3.15 Annex E {EDITION}; options in the code sequence"

REPORT_CLASSES: Final = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.88.11",  # Basic Text SR
        "1.2.840.10008.5.1.4.1.1.88.22",  # Enhanced SR
        "1.2.840.10008.5.1.4.1.1.88.33",  # Comprehensive SR
        "1.2.840.10008.5.1.4.1.1.88.34",  # Comprehensive 3D SR
        "1.2.840.10008.5.1.4.1.1.88.50",  # Mammography CAD SR
        "1.2.840.10008.5.1.4.1.1.88.59",  # Key Object Selection
        "1.2.840.10008.5.1.4.1.1.88.67",  # X-Ray Radiation Dose SR
        "1.2.840.10008.5.1.4.1.1.88.76",  # Enhanced X-Ray Radiation Dose SR
        "1.2.840.10008.5.1.4.1.1.11.1",  # Grayscale Softcopy Presentation State
    }
)
"""Objects without pixels that are understood well enough to be cleaned."""

SECONDARY_CAPTURE: Final = "secondary capture: its pixels may show a name anywhere"
NOT_UNDERSTOOD: Final = "object class that is not cleaned for research"
UNREADABLE: Final = "the file cannot be read"


@dataclass(frozen=True)
class DicomDeidentifier:
    """Cleans objects under one set of pseudonyms; keeps nothing between calls.

    Images with signs in the air are masked. One whose header states burned-in annotation is left out when no sign was
    found, since it may lie over the breast, and in any case with `leave_out_declared`.
    """

    pseudonyms: Pseudonyms
    leave_out_declared: bool = False

    @property
    def options(self) -> tuple[str, ...]:
        """The profile and its options, in words."""
        return tuple(meaning for _value, meaning in OPTIONS)

    @property
    def recipe(self) -> str:
        """Edition of the table, number of our own rules, and switches."""
        return f"{EDITION}/{RULES}/{self.leave_out_declared}"

    def treat(self, source: Path, target: Path, subject: Subject) -> Treated:
        """Write the object without its identity to `target`, or nothing when it is left out."""
        with quiet():
            try:
                opened = open_file(source)
            except (NotDicom, UnusableImage):
                return Treated(Treatment.LEFT_OUT, "", "", UNREADABLE)
            return self._treat(opened, target, subject)

    def _treat(self, opened: OpenedFile, target: Path, subject: Subject) -> Treated:
        sop_class = text(opened.dataset, "SOPClassUID")
        uid = self.pseudonyms.uid(text(opened.dataset, "SOPInstanceUID"))
        verdict = self._judge(opened, sop_class)
        if verdict.look is Look.LEAVE_OUT:
            return Treated(Treatment.LEFT_OUT, uid, sop_class, verdict.reason)
        cleaner = Cleaner(subject, self.pseudonyms, Identity.of(opened.dataset, subject.known))
        cleaner.clean(opened.dataset)
        _state(opened.dataset, subject, masked=verdict.look is Look.MASK)
        try:
            with target.open("wb") as out:
                _write(opened, verdict, out)
        except UnusableImage:
            target.unlink()
            return Treated(Treatment.LEFT_OUT, uid, sop_class, UNREADABLE)
        treatment = Treatment.MASKED if verdict.look is Look.MASK else Treatment.EXPORTED
        return Treated(treatment, uid, sop_class, verdict.reason, cleaner.counts)

    def _judge(self, opened: OpenedFile, sop_class: str) -> Verdict:
        if sop_class in REPORT_CLASSES and opened.pixels is None:
            return Verdict(Look.COPY)
        family = sop_family(sop_class)
        if family is SopFamily.SECONDARY_CAPTURE:
            return Verdict(Look.LEAVE_OUT, SECONDARY_CAPTURE)
        if family not in MAMMOGRAPHY_FAMILIES:
            return Verdict(Look.LEAVE_OUT, NOT_UNDERSTOOD)
        return look_at_pixels(opened, self.leave_out_declared)


def _write(opened: OpenedFile, verdict: Verdict, out: BinaryIO) -> None:
    if verdict.air is None:
        write_object(opened, opened.dataset, out)
    else:
        write_masked(opened.dataset, frames_without_air(opened, verdict.air), frames(opened.dataset), out)


def _state(dataset: Dataset, subject: Subject, masked: bool) -> None:
    """Who she is called now, and what was done (PS3.3 C.7.1.1 and C.12.1, PS3.15 E.1.1)."""
    dataset.PatientName = dataset.PatientID = subject.pseudonym
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = _METHOD
    dataset.DeidentificationMethodCodeSequence = [_code(value, meaning) for value, meaning in OPTIONS]
    dataset.LongitudinalTemporalInformationModified = "MODIFIED"
    if "ReferencedStudySequence" in dataset:
        del dataset.ReferencedStudySequence  # emptied by now, which only a report's request may be (PS3.3 C.7.2.1)
    if masked:
        dataset.BurnedInAnnotation = "NO"


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return item

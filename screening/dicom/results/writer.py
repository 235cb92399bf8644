"""Writes the result objects of an AI read, any choice of kinds, into a folder from which they are sent.

Each kind has a module of its own; here is only which to call. The same run written twice gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from pydicom.dataset import Dataset

from screening.dicom.cad_sr import SEARCHED, MammographyCadSrWriter
from screening.dicom.contact_sheet import render_contact_sheet
from screening.dicom.results.gsps import presentation_states
from screening.dicom.results.secondary_capture import secondary_capture
from screening.dicom.results.shell import THIS_SERVICE, Equipment, Maker
from screening.dicom.results.tid1500 import measurement_report
from screening.domain.ai_read import AiRead
from screening.domain.identifiers import SopInstanceUid
from screening.domain.opinion import FindingType
from screening.domain.results import ResultKind, WrittenObject
from screening.domain.study import Slot, Study
from screening.workflow.ports import FileLocator, PresentationImage

__all__ = ["ResultKind", "ResultObjects", "WrittenObject"]

Pictures = Mapping[Slot, PresentationImage]


@dataclass(frozen=True)
class _Source:
    """What an object is made from."""

    study: Study
    maker: Maker
    files: FileLocator
    pictures: Callable[[], Pictures]


@dataclass(frozen=True)
class ResultObjects:
    """The writer.

    `searched` are the lesion types the reader looks for; `zone` is the site's time zone, in which DICOM dates and
    times of the objects are written.
    """

    equipment: Equipment = THIS_SERVICE
    searched: tuple[FindingType, ...] = SEARCHED
    zone: tzinfo = UTC

    def write(
        self,
        kinds: Iterable[ResultKind],
        study: Study,
        read: AiRead,
        at: datetime,
        files: FileLocator,
        pictures: Callable[[], Pictures],
        folder: Path,
    ) -> tuple[WrittenObject, ...]:
        """Write the objects of these kinds into `folder`, which must exist; several for presentation states.

        `at` is the time-zone aware moment of the run. `pictures` is called for a secondary capture only, as decoding
        takes its time. Raises ReportInvalid when no truthful object can be made (an image-less study, a read of another
        study, a mark on an image that was not read), and for presentation states NotFound, UnusableImage or NotDicom
        when the header of an image cannot be had.
        """
        source = _Source(study, Maker(read, at, self.equipment, self.zone), files, pictures)
        return tuple(written for kind in dict.fromkeys(kinds) for written in self._write(kind, source, folder))

    def _write(self, kind: ResultKind, source: _Source, folder: Path) -> Iterator[WrittenObject]:
        for number, made in enumerate(self._made(kind, source), start=1):
            name = f"{kind.value}-{number}.dcm" if kind is ResultKind.GSPS else f"{kind.value}.dcm"
            made.save_as(folder / name, enforce_file_format=True)
            uid = SopInstanceUid(str(made.SOPInstanceUID))
            yield WrittenObject(kind, folder / name, str(made.SOPClassUID), uid)

    def _made(self, kind: ResultKind, source: _Source) -> Iterator[Dataset]:
        study, maker = source.study, source.maker
        match kind:
            case ResultKind.CAD_SR:
                cad = MammographyCadSrWriter(self.equipment, self.searched, self.zone)
                yield cad.dataset(study, maker.read, maker.at)
            case ResultKind.TID_1500:
                yield measurement_report(study, maker)
            case ResultKind.GSPS:
                yield from presentation_states(study, maker, source.files)
            case ResultKind.SECONDARY_CAPTURE:
                yield secondary_capture(study, maker, render_contact_sheet(study, maker.read, source.pictures()))

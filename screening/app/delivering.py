"""Sends results to the PACS: makes the objects a destination wants and brings them there, by DIMSE or STOW-RS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from screening.app.pictures import pictures_of
from screening.dicom.network.caller import Station, ask_commitment, store
from screening.dicom.network.stow import stow
from screening.dicom.results.writer import ResultObjects, WrittenObject
from screening.domain.ai_read import AiRead
from screening.domain.commitment import CommitmentRequest, Reference
from screening.domain.delivery import Destination
from screening.domain.study import Study
from screening.workflow.ports import FileLocator, PixelSource


@dataclass(frozen=True)
class DicomResultSender:
    """The port `ResultSender`; `title` is our own AE title."""

    title: str
    files: FileLocator
    pixels: PixelSource

    def send(self, destination: Destination, study: Study, read: AiRead, at: datetime, transaction_uid: str) -> None:
        """Send the kinds this destination wants; with a transaction UID also ask to commit them."""
        pictures = partial(pictures_of, study, read, self.pixels)
        with TemporaryDirectory(prefix="results-") as folder:
            written = ResultObjects().write(destination.kinds, study, read, at, self.files, pictures, Path(folder))
            paths = [item.path for item in written]
            if destination.url:
                stow(destination.url, paths)
                return
            station = Station(destination.title, destination.host, destination.port, self.title)
            store(station, paths)
            if transaction_uid:
                ask_commitment(station, self._request(transaction_uid, written))

    def _request(self, transaction_uid: str, written: Sequence[WrittenObject]) -> CommitmentRequest:
        references = tuple(Reference(item.sop_class_uid, item.sop_instance_uid) for item in written)
        return CommitmentRequest(transaction_uid, self.title, references)

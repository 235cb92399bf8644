"""Sends results to the PACS: makes the objects a destination wants and brings them there, by DIMSE or STOW-RS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from screening.dicom.cad_sr import MammographyCadSrWriter
from screening.dicom.network.caller import Station, ask_commitment, store
from screening.dicom.network.stow import stow
from screening.domain.ai_read import AiRead
from screening.domain.commitment import CommitmentRequest, Reference
from screening.domain.delivery import Destination
from screening.domain.identifiers import SopInstanceUid
from screening.domain.results import ResultKind, WrittenObject
from screening.domain.study import Study


@dataclass(frozen=True)
class DicomResultSender:
    """The port `ResultSender`; `title` is our own AE title."""

    title: str

    def send(self, destination: Destination, study: Study, read: AiRead, at: datetime, transaction_uid: str) -> None:
        """Send the kinds this destination wants; with a transaction UID also ask to commit them."""
        with TemporaryDirectory(prefix="results-") as folder:
            written = self._write(destination.kinds, study, read, at, Path(folder))
            if destination.url:
                stow(destination.url, [item.path for item in written])
                return
            station = Station(destination.title, destination.host, destination.port, self.title)
            store(station, [item.path for item in written])
            if transaction_uid:
                ask_commitment(station, self._request(transaction_uid, written))

    def _request(self, transaction_uid: str, written: Sequence[WrittenObject]) -> CommitmentRequest:
        references = tuple(Reference(item.sop_class_uid, item.sop_instance_uid) for item in written)
        return CommitmentRequest(transaction_uid, self.title, references)

    def _write(
        self, kinds: Sequence[ResultKind], study: Study, read: AiRead, at: datetime, folder: Path
    ) -> list[WrittenObject]:
        path = folder / "cad-sr.dcm"
        uid = MammographyCadSrWriter().write(study, read, at, path)
        return [WrittenObject(ResultKind.CAD_SR, path, "1.2.840.10008.5.1.4.1.1.88.50", SopInstanceUid(uid))]

"""The storage service (C-ECHO, C-STORE, storage commitment): objects go to disk in chunks, never into memory whole.

An object is acknowledged only when every byte is on disk and it is registered. Whoever is not on the list of partners
is refused, and a disk that runs full stops new objects before it stops the database.
"""

from __future__ import annotations

import logging
import shutil
import ssl
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, cast

from pydicom.dataset import Dataset
from pynetdicom import AE, _config, evt
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event
from pynetdicom.transport import ThreadedAssociationServer

from screening.dicom.elements import quiet, text
from screening.dicom.header import open_file
from screening.dicom.network.commitment import request_of, result_of
from screening.dicom.network.contexts import supported_contexts
from screening.dicom.network.partners import Partner, Partners
from screening.dicom.status import (
    CANNOT_UNDERSTAND,
    INVALID_ARGUMENT,
    NO_SUCH_ACTION,
    NOT_AUTHORISED,
    SOP_CLASS_MISMATCH,
    SUCCESS,
    store_status,
)
from screening.domain.commitment import CommitmentRequest, CommitmentResult
from screening.domain.errors import InvalidInput, NotDicom, SecondReadError, StoreUnavailable, UnusableImage
from screening.domain.quality import ReasonCode

Receive = Callable[[Path, Partner], ReasonCode | None]
"""Keep the object in this file, which may be moved away; what is wrong with it, or None. Raises StoreUnavailable."""

Commit = Callable[[CommitmentRequest], None]
"""Note durably that the keeping of instances was asked for; the answer is sent later."""

Committed = Callable[[CommitmentResult], None]
"""Record what a partner answered to a commitment that we asked for. Raises NotFound when we did not."""

_LOG: Final = logging.getLogger(__name__)
_MAX_PDU: Final = 128 << 10
_STALE_S: Final = 600.0
_COMMITMENT_ACTION: Final = 1
_UNREADABLE: Final = frozenset({ReasonCode.NOT_DICOM, ReasonCode.UNREADABLE})
"""Kept for a person to see, but the sender is told: it must not think that an exam is complete."""

_OUTCOMES: Final = {
    evt.EVT_ACCEPTED: "accepted",
    evt.EVT_REJECTED: "rejected",
    evt.EVT_RELEASED: "released",
    evt.EVT_ABORTED: "aborted",
}


@dataclass(frozen=True)
class Listening:
    """Where and how to listen. `spare_bytes` of the disk stay free; `incoming` is on the disk of the file store."""

    host: str
    port: int
    title: str
    incoming: Path
    associations: int = 20
    idle_s: float = 60.0
    spare_bytes: int = 2 << 30
    tls: ssl.SSLContext | None = None


class Watch(Protocol):
    """Who counts what the listener does."""

    def answered(self, code: int, size: int) -> None:
        """A C-STORE request for so many bytes was answered with this status."""
        ...

    def association(self, outcome: str) -> None:
        """An association was `accepted`, `rejected`, `released` or `aborted`."""
        ...


class Unwatched:
    """Nobody counts."""

    def answered(self, code: int, size: int) -> None:
        """Not counted."""

    def association(self, outcome: str) -> None:
        """Not counted."""


@dataclass(frozen=True)
class Doing:
    """What the listener does with what it is sent, and who counts it."""

    receive: Receive
    commit: Commit
    committed: Committed
    watch: Watch = field(default_factory=Unwatched)


class StoreListener:
    """Listens from `start` until `stop`; each association has a thread of its own."""

    def __init__(self, listening: Listening, partners: Partners, doing: Doing) -> None:
        self._listening = listening
        self._partners = partners
        self._doing = doing
        self._server: ThreadedAssociationServer | None = None

    @property
    def port(self) -> int:
        """The port in use, the system's choice where 0 was asked for. Raises StoreUnavailable when stopped."""
        if self._server is None:
            raise StoreUnavailable("the DICOM listener is not running")
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to listen. Raises StoreUnavailable when the port cannot be had."""
        self._listening.incoming.mkdir(parents=True, exist_ok=True)
        self._sweep()
        # The library keeps chunks in the default folder for temporary files; that must be the file store's own disk.
        tempfile.tempdir = str(self._listening.incoming)
        _config.STORE_RECV_CHUNKED_DATASET = True
        try:
            self._server = self._entity().start_server(
                (self._listening.host, self._listening.port),
                block=False,
                ssl_context=self._listening.tls,
                evt_handlers=self._handlers(),
            )
        except OSError as error:
            raise StoreUnavailable(f"the DICOM port cannot be used: {error.strerror}") from error

    def stop(self) -> None:
        """Stop listening; objects under way are aborted, and their senders send them again."""
        if self._server is not None:
            self._server.shutdown()
            self._server = None
        tempfile.tempdir = None

    def drain(self, patience_s: float) -> None:
        """Take no new association, let the open ones end for so long, then stop."""
        if self._server is None:
            return
        entity, until = self._server.ae, time.monotonic() + patience_s
        self._server.server_close()
        for association in entity.active_associations:
            association.join(max(until - time.monotonic(), 0.0))
        self.stop()

    def _entity(self) -> AE:
        entity = AE(ae_title=self._listening.title)
        entity.supported_contexts = supported_contexts()
        entity.maximum_pdu_size = _MAX_PDU
        entity.maximum_associations = self._listening.associations
        entity.network_timeout = entity.dimse_timeout = self._listening.idle_s
        entity.require_called_aet = bool(self._partners.titles)
        entity.require_calling_aet = list(self._partners.titles)
        return entity

    def _handlers(self) -> list[evt.EventHandlerType]:
        return [
            (evt.EVT_C_ECHO, self._echo),
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_N_ACTION, self._commitment),
            (evt.EVT_N_EVENT_REPORT, self._answered),
            (evt.EVT_CONN_CLOSE, self._closed),
            *((event, self._seen, [outcome]) for event, outcome in _OUTCOMES.items()),
        ]

    def _seen(self, _event: Event, outcome: str) -> None:
        self._doing.watch.association(outcome)

    def _partner(self, event: Event) -> Partner | None:
        requestor = event.assoc.requestor
        return self._partners.of(requestor.ae_title, requestor.address or "")

    def _echo(self, event: Event) -> int:
        return (SUCCESS if self._partner(event) is not None else NOT_AUTHORISED).code

    def _store(self, event: Event) -> int:
        size = event.dataset_path.stat().st_size
        code = self._kept(event)
        self._doing.watch.answered(code, size)
        return code

    def _kept(self, event: Event) -> int:
        """Keep the object; returns the status to answer with."""
        partner = self._partner(event)
        if partner is None:
            return NOT_AUTHORISED.code
        try:
            self._require_space()
            if _named_otherwise(event):
                return SOP_CLASS_MISMATCH.code
            reason = self._doing.receive(event.dataset_path, partner)
            return (CANNOT_UNDERSTAND if reason in _UNREADABLE else SUCCESS).code
        except SecondReadError as error:
            _LOG.warning("an object was not stored: %s", error.code)
            return store_status(error).code

    def _commitment(self, event: Event) -> tuple[int, Dataset | None]:
        if self._partner(event) is None:
            return NOT_AUTHORISED.code, None
        if event.action_type != _COMMITMENT_ACTION:
            return NO_SUCH_ACTION.code, None
        try:
            self._doing.commit(request_of(event.action_information, event.assoc.requestor.ae_title.strip()))
        except InvalidInput:
            return INVALID_ARGUMENT.code, None
        except SecondReadError as error:
            return store_status(error).code, None
        return SUCCESS.code, None

    def _answered(self, event: Event) -> tuple[int, Dataset | None]:
        if self._partner(event) is None:
            return NOT_AUTHORISED.code, None
        try:
            self._doing.committed(result_of(event.event_information))
        except SecondReadError as error:
            return store_status(error).code, None
        return SUCCESS.code, None

    def _require_space(self) -> None:
        if shutil.disk_usage(self._listening.incoming).free < self._listening.spare_bytes:
            raise StoreUnavailable("the disk is nearly full")

    def _closed(self, _event: Event) -> None:
        self._sweep()

    def _sweep(self) -> None:
        """Remove what broken associations left behind; nothing that is still being written is as old."""
        before = time.time() - max(_STALE_S, 2 * self._listening.idle_s)
        for leftover in self._listening.incoming.iterdir():
            if leftover.stat().st_mtime < before:
                leftover.unlink(missing_ok=True)


def _named_otherwise(event: Event) -> bool:
    """Whether command and data set name different objects; one without names is judged when it is described."""
    try:
        dataset = open_file(event.dataset_path).dataset
    except (NotDicom, UnusableImage):
        return False
    with quiet():
        found = text(dataset, "SOPClassUID"), text(dataset, "SOPInstanceUID")
    request = cast(C_STORE, event.request)
    stated = request.AffectedSOPClassUID, request.AffectedSOPInstanceUID
    return any(uid and uid != str(named) for uid, named in zip(found, stated, strict=True))

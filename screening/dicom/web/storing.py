"""Storing over HTTP (STOW-RS, PS3.18 10.5): parts go to disk and through the same door as objects of a C-STORE.

What becomes of each part is told by its own status; only bodies that cannot be split, or hold more than anybody sends,
end the request as a whole. Nothing of an object but its UIDs goes into an answer.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from screening.dicom.elements import quiet, text
from screening.dicom.header import open_file
from screening.dicom.network.contexts import STORAGE_CLASSES, TRANSFER_SYNTAXES
from screening.dicom.status import (
    CANNOT_UNDERSTAND,
    DUPLICATE_INSTANCE,
    OUT_OF_RESOURCES,
    SOP_CLASS_MISMATCH,
    SOP_CLASS_UNSUPPORTED,
    SUCCESS,
    TRANSFER_SYNTAX_UNSUPPORTED,
    DimseStatus,
    store_status,
)
from screening.dicom.web.multipart import content_type
from screening.domain.errors import InvalidInput, NotDicom, SecondReadError, StoreUnavailable, UnusableImage
from screening.domain.quality import ReasonCode
from screening.workflow.intake import Received

Receive = Callable[[Path], Received]
"""Keep the object in this file, which may be moved away. Raises StoreUnavailable."""

DICOM: Final = "application/dicom"

_LOG: Final = logging.getLogger(__name__)
_STALE_S: Final = 3600.0
_STATUS: Final = {
    ReasonCode.NOT_DICOM: CANNOT_UNDERSTAND,
    ReasonCode.UNREADABLE: CANNOT_UNDERSTAND,
    ReasonCode.DUPLICATE_DIFFERS: DUPLICATE_INSTANCE,
}
"""What was kept for a person to see, but is not what the sender may rely on; every other reason is a success."""


@dataclass(frozen=True)
class StowLimits:
    """What one request may hold; `spare_bytes` of the disk stay free."""

    parts: int = 10_000
    part_bytes: int = 8 << 30
    spare_bytes: int = 2 << 30


@dataclass(frozen=True)
class Names:
    """What a data set calls itself; "" where it states nothing."""

    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    study_instance_uid: str = ""
    series_instance_uid: str = ""
    transfer_syntax_uid: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of one part; `served` says whether it can be retrieved again."""

    names: Names
    status: DimseStatus
    served: bool = False

    @property
    def stored(self) -> bool:
        """Whether the sender may forget its copy."""
        return self.status is SUCCESS


class PartStore:
    """Keeps the parts of one request (protocol `Parts`); `outcomes` tells of each, in order."""

    def __init__(self, folder: Path, receive: Receive, limits: StowLimits, study: str | None = None) -> None:
        """`folder` is on the disk of the file store; with `study` only its instances are taken."""
        self._folder, self._receive, self._limits, self._study = folder, receive, limits, study
        self._scratch: IO[bytes] | None = None
        self._written = 0
        self._full = False
        self.outcomes: list[Outcome] = []
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)

    def begin(self, headers: Mapping[str, str]) -> None:
        """A part begins. Raises InvalidInput for another media type, UnusableImage for one part too many."""
        if len(self.outcomes) >= self._limits.parts:
            raise UnusableImage(ReasonCode.LIMITS_EXCEEDED, "too many parts")
        if content_type(headers.get("content-type", DICOM))[0] not in (DICOM, ""):
            raise InvalidInput("a part is not application/dicom")
        self._written = 0
        self._full = shutil.disk_usage(self._folder).free < self._limits.spare_bytes
        self._scratch = tempfile.NamedTemporaryFile(dir=self._folder, delete=False)  # noqa: SIM115  # closed in `end`

    def write(self, block: bytes) -> None:
        """Bytes of the part. Raises UnusableImage when it grows too large, StoreUnavailable when the disk is full."""
        self._written += len(block)
        if self._written > self._limits.part_bytes:
            raise UnusableImage(ReasonCode.LIMITS_EXCEEDED, "a part is too large")
        if self._full or self._scratch is None:
            return
        try:
            self._scratch.write(block)
        except OSError as error:
            raise StoreUnavailable("a part could not be written") from error

    def end(self) -> None:
        """The part is complete: keep it, or say why not."""
        if self._scratch is None:
            return
        path = Path(self._scratch.name)
        try:
            self._scratch.close()
            self.outcomes.append(Outcome(Names(), OUT_OF_RESOURCES) if self._full else self._kept(path))
        except OSError as error:
            raise StoreUnavailable("a part could not be written") from error
        finally:
            self._scratch = None
            path.unlink(missing_ok=True)

    def discard(self) -> None:
        """Forget a part that was cut off."""
        if self._scratch is not None:
            self._scratch.close()
            Path(self._scratch.name).unlink(missing_ok=True)
            self._scratch = None

    def _kept(self, path: Path) -> Outcome:
        names = names_of(path)
        refusal = self._refusal(names)
        if refusal is not None:
            return Outcome(names, refusal)
        try:
            received = self._receive(path)
        except SecondReadError as error:
            _LOG.warning("an object was not stored: %s", error.code)
            return Outcome(names, store_status(error))
        status = _STATUS.get(received.reason, SUCCESS) if received.reason is not None else SUCCESS
        return Outcome(names, status, served=received.registered is not None)

    def _refusal(self, names: Names) -> DimseStatus | None:
        """Why an object that names itself is not even kept: the same that the DIMSE listener would not accept."""
        if not names.sop_class_uid:
            return None
        if self._study is not None and names.study_instance_uid != self._study:
            return SOP_CLASS_MISMATCH
        if names.sop_class_uid not in STORAGE_CLASSES:
            return SOP_CLASS_UNSUPPORTED
        return None if names.transfer_syntax_uid in TRANSFER_SYNTAXES else TRANSFER_SYNTAX_UNSUPPORTED


def names_of(path: Path) -> Names:
    """What the object in a file calls itself; nothing when it cannot be read."""
    try:
        opened = open_file(path)
    except (NotDicom, UnusableImage):
        return Names()
    ds = opened.dataset
    with quiet():
        return Names(
            sop_class_uid=text(ds, "SOPClassUID"),
            sop_instance_uid=text(ds, "SOPInstanceUID"),
            study_instance_uid=text(ds, "StudyInstanceUID"),
            series_instance_uid=text(ds, "SeriesInstanceUID"),
            transfer_syntax_uid=opened.transfer_syntax,
        )


def _sweep(folder: Path) -> None:
    """Remove what a killed process left behind; nothing that is still being written is as old."""
    before = time.time() - _STALE_S
    for leftover in folder.iterdir():
        try:
            if leftover.stat().st_mtime < before:
                leftover.unlink(missing_ok=True)
        except FileNotFoundError:
            continue

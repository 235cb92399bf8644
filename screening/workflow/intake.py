"""Take files in: store first, then say what they are. Nothing accepted is lost, nothing refused is thrown away."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from screening.domain.errors import NotDicom
from screening.domain.identifiers import FileDigest, StudyInstanceUid
from screening.domain.quality import ReasonCode
from screening.domain.study import Image, StoredObject
from screening.workflow.ports import (
    Clock,
    Files,
    InstanceReader,
    ReadInstance,
    Registered,
    UnitOfWork,
    UnitOfWorkFactory,
)

Then = Callable[[UnitOfWork, ReadInstance, Registered], None]
"""What else is recorded of an instance in the transaction that registers it."""


@dataclass(frozen=True)
class Received:
    """What became of one file. `study` is None when the file is no DICOM object."""

    source: str
    digest: FileDigest
    study: StudyInstanceUid | None
    registered: Registered | None
    reason: ReasonCode | None


def receive_file(
    units: UnitOfWorkFactory,
    files: Files,
    reader: InstanceReader,
    path: Path,
    clock: Clock,
    *,
    then: Then | None = None,
    consume: bool = False,
) -> Received:
    """Store one file safely, describe it and register it; receiving the same file again changes nothing.

    Bytes are copied and parsed outside any transaction, so that senders do not wait for one another. With `consume`
    the file at `path` is moved rather than copied. Raises StoreUnavailable when it could not be kept.
    """
    digest = (files.take(path) if consume else files.put(path)).digest
    try:
        instance = reader.read(files.path(digest), digest)
    except NotDicom:
        with units() as uow:
            uow.exams.refuse(digest, ReasonCode.NOT_DICOM, clock.now())
        return Received(path.name, digest, None, None, ReasonCode.NOT_DICOM)
    reason, study = _reason(instance.content), instance.header.study_instance_uid
    if reason is ReasonCode.OWN_RESULT:
        return Received(path.name, digest, study, None, reason)
    with units() as uow:
        registered = uow.exams.register(instance, clock.now())
        if then is not None:
            then(uow, instance, registered)
    if registered is Registered.DUPLICATE_DIFFERS:
        reason = ReasonCode.DUPLICATE_DIFFERS
    return Received(path.name, digest, study, registered, reason)


def files_under(paths: Iterable[Path]) -> list[Path]:
    """Every regular file under the given files and folders, in a stable order, hidden files left out."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
        else:
            found.append(path)
    return found


def _reason(content: Image | StoredObject) -> ReasonCode | None:
    return content.reason if isinstance(content, StoredObject) else content.exclusion

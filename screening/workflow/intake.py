"""Take files in: store first, then say what they are. Nothing accepted is lost, nothing refused is thrown away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from screening.domain.errors import NotDicom
from screening.domain.identifiers import FileDigest, StudyInstanceUid
from screening.domain.quality import ReasonCode
from screening.domain.study import Image, StoredObject
from screening.workflow.ports import Files, InstanceReader, Registered, UnitOfWork


@dataclass(frozen=True)
class Received:
    """What became of one file. `study` is None when the file is no DICOM object."""

    source: str
    digest: FileDigest
    study: StudyInstanceUid | None
    registered: Registered | None
    reason: ReasonCode | None


def receive_file(uow: UnitOfWork, files: Files, reader: InstanceReader, path: Path, at: datetime) -> Received:
    """Store one file safely, describe it and register it; receiving the same file again changes nothing."""
    stored = files.put(path)
    try:
        instance = reader.read(files.path(stored.digest), stored.digest)
    except NotDicom:
        uow.exams.refuse(stored.digest, ReasonCode.NOT_DICOM, at)
        return Received(path.name, stored.digest, None, None, ReasonCode.NOT_DICOM)
    reason = _reason(instance.content)
    if reason is ReasonCode.OWN_RESULT:
        return Received(path.name, stored.digest, instance.header.study_instance_uid, None, reason)
    registered = uow.exams.register(instance, at)
    if registered is Registered.DUPLICATE_DIFFERS:
        reason = ReasonCode.DUPLICATE_DIFFERS
    return Received(path.name, stored.digest, instance.header.study_instance_uid, registered, reason)


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

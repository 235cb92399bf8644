"""Backup and restore: the database as it was at one moment, every file by its digest, and a manifest that proves both.

A backup folder keeps files once and a snapshot per run, so that the next run copies only what is new. The database is
copied before the files: a file is stored before any row names it, so every row of the copy finds its file.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from screening.app.output import writing
from screening.app.settings import Settings
from screening.app.system import SystemClock
from screening.domain.errors import Conflict, InvalidInput, LedgerBroken, StoreUnavailable
from screening.domain.identifiers import FileDigest
from screening.store.copying import copy_database, restore_database
from screening.store.files import ContentFiles
from screening.store.open import open_store
from screening.store.uow import SqlUnits
from screening.workflow.ports import LedgerHead

FORMAT: Final = 1
FILES, SNAPSHOTS, MANIFEST, DIGESTS = "files", "snapshots", "manifest.json", "files.sha256"
SECRETS: Final = ("keys", "research-secret")
"""What else the data folder keeps for good, where it is there: keys that sign, and the secret of pseudonyms."""


@dataclass(frozen=True)
class Backup:
    """One snapshot; `copied` files were new to the folder, `files` are all of them."""

    snapshot: Path
    files: int
    copied: int
    ledger: LedgerHead


@dataclass(frozen=True)
class Restored:
    """What came back, and the end of the ledger that was verified."""

    files: int
    ledger: LedgerHead


def back_up(settings: Settings, out: Path, link: bool = False, done: Callable[[], None] = lambda: None) -> Backup:
    """Add a snapshot of this installation to a backup folder; `link` shares files with the store on the same disk.

    Raises LedgerBroken or StoreUnavailable; a snapshot that is not whole is removed.
    """
    from screening.app.compose import VERSION

    at = SystemClock().now()
    with writing(out):
        snapshot = _new_snapshot(out, at)
        try:
            database, head = copy_database(settings.database, snapshot)
            files = ContentFiles(settings.data_dir / FILES)
            digests, copied = [], 0
            for digest in files.digests():
                copied += _keep(files.path(digest), _place(out, digest), digest, link)
                digests.append(digest)
                done()
            listed = snapshot / DIGESTS
            lines = (f"{digest}  {os.path.relpath(_place(out, digest), snapshot)}\n" for digest in digests)
            listed.write_text("".join(lines), encoding="ascii")
            secrets = _copy_secrets(settings.data_dir, snapshot)
            _write_manifest(snapshot, at, VERSION, database, listed, head, secrets)
        except BaseException:
            shutil.rmtree(snapshot, ignore_errors=True)
            raise
    return Backup(snapshot, len(digests), copied, head)


def restore(settings: Settings, source: Path, done: Callable[[], None] = lambda: None) -> Restored:
    """Bring the latest snapshot, or the one named, back into an empty data folder and an empty database.

    Every byte is held to its digest and the ledger to its end. Raises Conflict when there is something already,
    InvalidInput when `source` is no backup or damaged, LedgerBroken; what was written is removed again.
    """
    snapshot = _snapshot_of(source)
    manifest = _read_manifest(snapshot)
    _require_empty(settings.data_dir)
    existed = settings.data_dir.is_dir()
    try:
        with writing(settings.data_dir):
            count = _restore_files(snapshot, settings.data_dir, done)
            for part in manifest["secrets"]:
                kept = Path(part["name"])
                _copy_private(snapshot / kept, settings.data_dir / kept.relative_to("secrets"))
        restore_database(snapshot / manifest["database"]["name"], settings.database)
        return Restored(count, _verify(settings, LedgerHead(**manifest["ledger"])))
    except BaseException:
        _clear(settings.data_dir, existed)
        raise


def _new_snapshot(out: Path, at: datetime) -> Path:
    if out.is_dir() and any(out.iterdir()) and not (out / SNAPSHOTS).is_dir():
        raise Conflict("the folder holds something that is no backup")
    snapshot = out / SNAPSHOTS / at.strftime("%Y%m%dT%H%M%S%fZ")
    snapshot.mkdir(parents=True)
    return snapshot


def _place(out: Path, digest: str) -> Path:
    return out / FILES / "sha256" / digest[:2] / digest[2:4] / digest


def _keep(source: Path, place: Path, digest: FileDigest, link: bool) -> bool:
    """Have one file in the backup; returns whether it is new there. Raises StoreUnavailable for a damaged one."""
    if place.is_file():
        return False
    place.parent.mkdir(parents=True, exist_ok=True)
    if link and source.stat().st_dev == place.parent.stat().st_dev:
        if _sha256(source) != digest:
            raise StoreUnavailable(f"the stored file {digest} is damaged; nothing was backed up")
        os.link(source, place)
        return True
    _copy_verified(source, place, digest)
    return True


def _copy_verified(source: Path, place: Path, digest: str) -> None:
    """Copy under a name of its own first, so that a kill leaves no half file under a digest."""
    partial = place.with_name(f".{place.name}.part")
    shutil.copyfile(source, partial)
    if _sha256(partial) != digest:
        partial.unlink()
        raise StoreUnavailable(f"the file {digest} is damaged")
    partial.chmod(0o440)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.rename(place)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy_secrets(data: Path, snapshot: Path) -> list[Path]:
    """Copy what signs and what makes pseudonyms, readable by the owner only."""
    copied = []
    for source in sorted(path for name in SECRETS for path in (data / name, *(data / name).glob("*"))):
        if source.is_file():
            target = snapshot / "secrets" / source.relative_to(data)
            _copy_private(source, target)
            copied.append(target)
    return copied


def _copy_private(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.touch(mode=0o600)
    shutil.copyfile(source, target)


def _part(path: Path, snapshot: Path) -> dict[str, str]:
    return {"name": str(path.relative_to(snapshot)), "sha256": _sha256(path)}


def _write_manifest(
    snapshot: Path,
    at: datetime,
    version: str,
    database: Path,
    listed: Path,
    head: LedgerHead,
    secrets: Sequence[Path],
) -> None:
    manifest = {
        "format": FORMAT,
        "at": at.isoformat(),
        "version": version,
        "database": _part(database, snapshot),
        "files": _part(listed, snapshot),
        "secrets": [_part(path, snapshot) for path in secrets],
        "ledger": asdict(head),
    }
    (snapshot / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="ascii")


def _snapshot_of(source: Path) -> Path:
    if (source / MANIFEST).is_file():
        return source
    whole = sorted(path.parent for path in source.glob(f"{SNAPSHOTS}/*/{MANIFEST}"))
    if not whole:
        raise InvalidInput("there is no backup in this folder")
    return whole[-1]


def _read_manifest(snapshot: Path) -> dict[str, Any]:
    """The manifest, once database and list of files match it."""
    try:
        manifest: dict[str, Any] = json.loads((snapshot / MANIFEST).read_text("ascii"))
        if manifest["format"] != FORMAT:
            raise InvalidInput("the backup was made by a later version")
        parts = [manifest["database"], manifest["files"], *manifest["secrets"]]
        damaged = [part["name"] for part in parts if _sha256(snapshot / part["name"]) != part["sha256"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInput("the manifest of the backup cannot be read, or something it names is missing") from error
    if damaged:
        raise InvalidInput(f"the backup is damaged: {', '.join(damaged)}")
    return manifest


def _require_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Conflict("the data folder is not empty; a backup is restored into an empty one only")


def _listed(snapshot: Path) -> Iterator[tuple[str, Path]]:
    for line in (snapshot / DIGESTS).read_text("ascii").splitlines():
        digest, _, path = line.partition("  ")
        yield digest, (snapshot / path).resolve()


def _restore_files(snapshot: Path, data: Path, done: Callable[[], None]) -> int:
    count = 0
    for digest, source in _listed(snapshot):
        place = _place(data, digest)
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            _copy_verified(source, place, digest)
        except (FileNotFoundError, StoreUnavailable) as error:
            raise InvalidInput(f"the backup is damaged: file {digest}") from error
        count += 1
        done()
    return count


def _verify(settings: Settings, expected: LedgerHead) -> LedgerHead:
    engine = open_store(settings.database)
    units = SqlUnits(engine)
    try:
        with units() as uow:
            head = uow.ledger.verify(expected)
    finally:
        units.close()
        engine.dispose()
    if head != expected:
        raise LedgerBroken("the restored ledger does not end where the backup says")
    return head


def _clear(folder: Path, existed: bool) -> None:
    """Leave the folder as it was found: empty, or not there."""
    for item in folder.iterdir() if folder.is_dir() else ():
        shutil.rmtree(item, ignore_errors=True) if item.is_dir() else item.unlink()
    if not existed:
        shutil.rmtree(folder, ignore_errors=True)

"""Write the research export: objects, tables and a report, so that it can be run again and goes on where it stopped.

Every file is whole or absent. Beside each object lies a record of what was done to it, which is what a later run trusts
instead of doing it again. A woman who objects after an export is gone from the folder when it is run again.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from screening.app.compose import VERSION
from screening.app.output import writing
from screening.app.research_report import ExportReport, as_json, as_markdown
from screening.app.settings import Settings
from screening.domain.episode import EpisodeRow
from screening.domain.errors import Conflict, InvalidInput, NotFound
from screening.domain.study import Image, StoredObject
from screening.store.open import open_store
from screening.store.research import SqlObjections
from screening.workflow.ports import FileLocator, UnitOfWorkFactory
from screening.workflow.pseudonyms import Pseudonyms
from screening.workflow.research_export import (
    Deidentifier,
    ExportPlan,
    Objections,
    PlannedExam,
    Treated,
    Treatment,
    plan_export,
    research_rows,
)

MARKER: Final = "export.json"
"""What makes a folder an export: without it a folder that is not empty is never written to."""

NOT_KEPT: Final = "its file is no longer kept"

_OBJECT_COLUMNS: Final = (
    *("path", "woman", "study_instance_uid", "sop_instance_uid", "sop_class_uid", "treatment", "reason", "cases"),
)


@dataclass(frozen=True)
class Exported:
    """One object of the export, by its new names; `path` is within the export, "" when it was left out."""

    path: str
    woman: str
    study_instance_uid: str
    cases: tuple[str, ...]
    treated: Treated


@contextmanager
def research_objections(settings: Settings) -> Iterator[Objections]:
    """Who objected, from the store of these settings, for the length of a block."""
    engine = open_store(settings.database)
    try:
        yield SqlObjections(engine)
    finally:
        engine.dispose()


class ResearchExport:
    """One export into one folder."""

    def __init__(self, out: Path, files: FileLocator, pseudonyms: Pseudonyms, deidentifier: Deidentifier) -> None:
        self._out = out
        self._files = files
        self._pseudonyms = pseudonyms
        self._deidentifier = deidentifier

    def run(
        self,
        units: UnitOfWorkFactory,
        objections: Objections,
        begun: Callable[[int], None] = lambda _total: None,
        done: Callable[[], None] = lambda: None,
    ) -> ExportReport:
        """Write everything that may leave; returns what was done.

        `begun` hears how many objects there are, `done` each one. Raises Conflict when the folder holds an export under
        another secret, InvalidInput when it holds something else, StoreUnavailable when the disk is full.
        """
        with units() as uow:
            plan = plan_export(uow, objections, self._pseudonyms)
        with units() as uow:
            rows = list(research_rows(uow, plan, self._pseudonyms))
        with writing(self._out):
            self._claim()
            begun(sum(len(exam.contents) for exam in plan.exams))
            objects = sorted(self._objects(plan, done), key=lambda item: (item.path, item.treated.sop_instance_uid))
            self._write_tables(objects, rows)
            report = self._report(plan, objects, rows)
            _write_text(self._out / "report.json", as_json(report))
            _write_text(self._out / "report.md", as_markdown(report))
            self._remove_others(objects)
        return report

    def _claim(self) -> None:
        """Mark the folder as an export under this secret."""
        self._out.mkdir(parents=True, exist_ok=True)
        marker, mark = self._out / MARKER, {"secondread": "research export", "secret": self._pseudonyms.fingerprint}
        if marker.is_file():
            if json.loads(marker.read_text(encoding="utf-8")) != mark:
                raise Conflict("this folder holds an export under another secret; its pseudonyms do not fit")
            return
        if any(path != _part(marker) for path in self._out.iterdir()):
            raise InvalidInput("the folder for the export is not empty")
        _write_text(marker, json.dumps(mark, indent=2) + "\n")

    def _objects(self, plan: ExportPlan, done: Callable[[], None]) -> Iterator[Exported]:
        for exam in plan.exams:
            for content in exam.contents:
                yield self._object(exam, content)
                done()

    def _object(self, exam: PlannedExam, content: Image | StoredObject) -> Exported:
        """Treat an object, or take what an earlier run noted about it."""
        uid = self._pseudonyms.uid(content.sop_instance_uid)
        study, woman = self._pseudonyms.uid(content.study_instance_uid), exam.subject.pseudonym
        target = self._out / "dicom" / woman / study / f"{uid}.dcm"
        record = self._out / "records" / woman / f"{uid}.json"
        key = self._key(content, exam)
        treated = _read_record(record, key)
        if treated is None or (treated.treatment is not Treatment.LEFT_OUT and not target.is_file()):
            found = self._treat(content, exam, target)
            treated = Treated(found.treatment, uid, content.sop_class_uid, found.reason, found.changes)
            _write_text(record, json.dumps({"key": key, **asdict(treated)}, indent=1, sort_keys=True) + "\n")
        path = "" if treated.treatment is Treatment.LEFT_OUT else target.relative_to(self._out).as_posix()
        return Exported(path, woman, study, exam.cases, treated)

    def _treat(self, content: Image | StoredObject, exam: PlannedExam, target: Path) -> Treated:
        """Treat the file of an object, if it is still there."""
        try:
            source = self._files.path(content.digest)
        except NotFound:
            return Treated(Treatment.LEFT_OUT, "", "", NOT_KEPT)
        with _whole(target) as part:
            return self._deidentifier.treat(source, part, exam.subject)

    def _key(self, content: Image | StoredObject, exam: PlannedExam) -> str:
        """What the outcome depends on; a record with another one is done again. It tells nothing of the source."""
        parts = (VERSION, content.digest, self._deidentifier.recipe, *sorted(exam.subject.known))
        return self._pseudonyms.name("record", hashlib.sha256("\x1f".join(parts).encode()).hexdigest())

    def _write_tables(self, objects: Iterable[Exported], rows: Iterable[EpisodeRow]) -> None:
        from audits.frames import to_frame, write_csv, write_parquet

        frame = to_frame(rows)
        with _whole(self._out / "cases.parquet") as part:
            write_parquet(frame, part)
        with _whole(self._out / "cases.csv") as part:
            write_csv(frame, part)
        with _whole(self._out / "objects.csv") as part, part.open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(_OBJECT_COLUMNS)
            table.writerows(map(_object_row, objects))

    def _report(self, plan: ExportPlan, objects: Iterable[Exported], rows: list[EpisodeRow]) -> ExportReport:
        found = list(objects)
        return ExportReport(
            version=VERSION,
            secret_fingerprint=self._pseudonyms.fingerprint,
            options=self._deidentifier.options,
            women=len({item.woman for item in found}),
            cases=len(rows),
            left_out=plan.left_out,
            objects=tuple((item.woman, item.treated) for item in found),
        )

    def _remove_others(self, objects: Iterable[Exported]) -> None:
        """Take away objects and records of an earlier run that this one would not have written."""
        keep = {self._out / item.path for item in objects if item.path}
        keep |= {self._out / "records" / item.woman / f"{item.treated.sop_instance_uid}.json" for item in objects}
        for folder in (self._out / "dicom", self._out / "records"):
            for path in sorted(folder.rglob("*"), reverse=True):
                if path.is_dir():
                    _remove_if_empty(path)
                elif path not in keep:
                    path.unlink()


def _object_row(item: Exported) -> tuple[str, ...]:
    done = item.treated
    woman = (item.path, item.woman, item.study_instance_uid, done.sop_instance_uid, done.sop_class_uid)
    return (*woman, done.treatment.value, done.reason, " ".join(item.cases))


def _remove_if_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()


def _read_record(path: Path, key: str) -> Treated | None:
    """What an earlier run noted under this key; None when it noted nothing, or something else."""
    if not path.is_file():
        return None
    found: Mapping[str, object] = json.loads(path.read_text(encoding="utf-8"))
    if found.get("key") != key:
        return None
    texts = {name: str(found[name]) for name in ("sop_instance_uid", "sop_class_uid", "reason")}
    changes = found["changes"]
    if not isinstance(changes, dict):
        return None
    return Treated(Treatment(str(found["treatment"])), changes=changes, **texts)


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to, which takes its name once it is on disk; nothing when nothing was written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = _part(path)
    try:
        yield part
        if part.is_file():
            with part.open("rb") as file:
                os.fsync(file.fileno())
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _write_text(path: Path, text: str) -> None:
    with _whole(path) as part:
        part.write_text(text, encoding="utf-8")

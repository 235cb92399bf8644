"""Score exams from files into a folder: one sub-folder per study, complete or not there at all.

The folder is the state: a batch that was interrupted is run again, and what is complete for these inputs, this model
and this calibration is not done twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from screening.app.documents import from_data, to_json
from screening.app.explaining import Maps, read_explained, write_explanation
from screening.app.output import writing
from screening.app.pictures import pictures_of
from screening.app.priors import BatchPriors
from screening.app.results_folder import ResultsFolder, results_folder
from screening.dicom.cad_outcome import NO_PART
from screening.dicom.contact_sheet import render_contact_sheet
from screening.domain.ai_read import AiRead, AiStatus
from screening.domain.errors import NotDicom, NotFound
from screening.domain.identifiers import FileDigest, stable_id
from screening.domain.quality import ReasonCode
from screening.domain.study import Study
from screening.workflow.assemble import assemble
from screening.workflow.ports import (
    AiReader,
    CadSrWriter,
    Clock,
    InstanceReader,
    PixelSource,
    ReadInstance,
)
from screening.workflow.read_by_ai import refused_read

READ_FILE, SR_FILE, SHEET_FILE = "read.json", "cad-sr.dcm", "contact-sheet.png"


class FilesInPlace:
    """Read-only `Files` over files where they lie, by digest."""

    def __init__(self) -> None:
        self._paths: dict[FileDigest, Path] = {}

    def add(self, path: Path) -> FileDigest:
        """Take note of a file; returns the SHA-256 of its bytes."""
        with path.open("rb") as stream:
            digest = FileDigest(hashlib.file_digest(stream, "sha256").hexdigest())
        self._paths.setdefault(digest, path)
        return digest

    def path(self, digest: FileDigest) -> Path:
        """Where the bytes are. Raises NotFound."""
        if digest not in self._paths:
            raise NotFound("no such file in this batch")
        return self._paths[digest]


@dataclass(frozen=True)
class Unreadable:
    """A file of the batch that is no DICOM object, or that cannot be read."""

    name: str
    reason: ReasonCode


@dataclass(frozen=True)
class ScoredExam:
    """One exam with its read and where its results lie; `done_before` when they were complete already."""

    study: Study
    read: AiRead
    folder: Path
    done_before: bool


@dataclass(frozen=True)
class Scorer:
    """Everything scoring needs. `version` names the program and the calibrations that results were made with.

    Results that are `explained` also hold saliency, crops and evidence.
    """

    reader: AiReader
    pixels: PixelSource
    cad_sr: CadSrWriter
    clock: Clock
    site: str
    version: str
    explained: bool = False

    def score(self, study: Study, results: ResultsFolder, prior: Study | None = None) -> ScoredExam:
        """Read one study, compared with the prior, and write JSON, CAD SR and contact sheet, all or nothing."""
        name = stable_id("exam", study.study_instance_uid)
        folder, signature = results.out / name, self._signature(study, prior)
        before = _complete(folder, signature)
        if before is not None:
            return ScoredExam(study, before, folder, done_before=True)
        read, saliency = self._read(study, prior)
        with writing(results.out):
            self._write(study, read, saliency, signature, results.part(name))
            results.publish(name, lambda there: _complete(there, signature) is not None)
        return ScoredExam(study, read, folder, done_before=False)

    def _read(self, study: Study, prior: Study | None) -> tuple[AiRead, Maps]:
        if study.quarantine is not None:
            return refused_read(study, AiStatus.UNSUPPORTED, study.quarantine), {}
        if not self.explained:
            return self.reader.read(study, self.pixels, self.site, prior), {}
        return read_explained(self.reader, study, self.pixels, self.site, prior)

    def _write(self, study: Study, read: AiRead, saliency: Maps, signature: str, folder: Path) -> None:
        if any(image.exclusion not in NO_PART for image in study.images):
            self.cad_sr.write(study, read, self.clock.now(), folder / SR_FILE)
            pictures = pictures_of(study, read, self.pixels)
            (folder / SHEET_FILE).write_bytes(render_contact_sheet(study, read, pictures))
            if self.explained:
                write_explanation(study, read, pictures, self.pixels, saliency, folder)
        document = {"signature": signature, "read": json.loads(to_json(read))}
        (folder / READ_FILE).write_text(json.dumps(document, indent=2, ensure_ascii=False), encoding="utf-8")

    def _signature(self, study: Study, prior: Study | None) -> str:
        identity = self.reader.identity
        digests: list[str] = sorted([image.digest for image in study.images] + [o.digest for o in study.others])
        digests += ["prior", *sorted(image.digest for image in prior.images)] if prior else []
        parts = (identity.weights_sha256, identity.preprocessing_sha256, identity.engine, self.site, self.version)
        kinds = ("explained",) if self.explained else ()
        return hashlib.sha256("\x1f".join((*parts, *kinds, *digests)).encode()).hexdigest()


def describe(
    files: Iterable[Path], place: FilesInPlace, reader: InstanceReader
) -> tuple[list[Study], list[Unreadable], dict[str, str]]:
    """Read headers and assemble studies; also the files that are no DICOM, and file names by SOP Instance UID."""
    instances: list[ReadInstance] = []
    unreadable: list[Unreadable] = []
    names: dict[str, str] = {}
    for path in files:
        try:
            instance = reader.read(path, place.add(path))
        except (NotDicom, OSError) as error:
            reason = ReasonCode.NOT_DICOM if isinstance(error, NotDicom) else ReasonCode.UNREADABLE
            unreadable.append(Unreadable(path.name, reason))
            continue
        instances.append(instance)
        names.setdefault(instance.content.sop_instance_uid, path.name)
    return assemble(instances), unreadable, names


def score_all(scorer: Scorer, studies: Iterable[Study], out: Path) -> Iterator[ScoredExam]:
    """Score studies one by one, each complete on disk before the next begins; a prior is taken from the same batch."""
    batch = list(studies)
    priors = BatchPriors(batch)
    with results_folder(out) as results:
        for study in batch:
            yield scorer.score(study, results, priors.latest(study))


def _complete(folder: Path, signature: str) -> AiRead | None:
    """The stored read when the folder is complete for this signature."""
    try:
        document = json.loads((folder / READ_FILE).read_text(encoding="utf-8"))
        if not isinstance(document, dict) or document.get("signature") != signature:
            return None
        read: AiRead = from_data(AiRead, document["read"])
    except (OSError, ValueError, KeyError):  # pydantic's ValidationError is a ValueError
        return None
    return read

"""What rescoring an archive speaks of: a run of one AI version, the exams it is planned for, and one row per result.

A row names no woman: it is what a research table holds. It is no AI read of a case, and no case ever sees it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from screening.domain.ai_read import NOT_STATED, AiIdentity, AiRead, AiStatus
from screening.domain.identifiers import FileDigest, PersonId, StudyInstanceUid, stable_id
from screening.domain.study import Study

DEFAULT_CHUNK = 64
"""Exams of one durable job."""


class ExamState(StrEnum):
    """Where an exam of a run stands; the two objections keep it out of the results, and are counted."""

    WAITING = "waiting"
    DONE = "done"
    NO_AI = "no_ai"
    NO_RESEARCH = "no_research"


@dataclass(frozen=True)
class RescoreRun:
    """One AI version over one archive. `sources` are what was named, `site` the unit where none is known.

    `reader` is the plug-in and `model` its model as the settings name it; weights and preprocessing are what every
    worker must have. `against` is an earlier run whose results are the old side, empty for the reads in the store.
    """

    reader: str
    model: str
    identity: AiIdentity
    fingerprint: str
    sources: tuple[str, ...]
    site: str = ""
    against: str = ""

    @property
    def run(self) -> str:
        """Id: the same version, calibrations, sources and comparison are the same run, whoever starts it."""
        identity = self.identity
        what = (self.reader, identity.product, identity.weights_sha256, identity.preprocessing_sha256)
        return stable_id("rescore", *what, self.fingerprint, self.site, self.against, *self.sources)

    def is_made_by(self, identity: AiIdentity) -> bool:
        """Whether a reader is of this version; engine and precision may differ, each row says its own."""
        mine, its = (_version(one) for one in (self.identity, identity))
        return mine == its


def _version(identity: AiIdentity) -> tuple[str, str, str]:
    return identity.product, identity.weights_sha256, identity.preprocessing_sha256


@dataclass(frozen=True)
class Location:
    """A file of an archive: its path, and its number among the members where the path is a zip archive.

    A path that is a URL is a study at a DICOMweb service, with all its files.
    """

    path: str
    member: int | None = None


@dataclass(frozen=True)
class PlannedExam:
    """One exam of a run: its study, and where files and those of the prior lie; in the store they are found by UID.

    `person` is whose exam it is as far as its headers say, for looking up objections; None where it was planned before.
    """

    study: StudyInstanceUid
    files: tuple[Location, ...] = ()
    prior: StudyInstanceUid | None = None
    prior_files: tuple[Location, ...] = ()
    person: PersonId | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ExamOrder:
    """Everything a reading process needs for one exam: no database.

    An exam of the store comes with `study`, `prior` and the path of every file by digest; one of an archive is
    described from its files where it is read.
    """

    exam: PlannedExam
    site: str
    study: Study | None = field(default=None, repr=False)
    prior: Study | None = field(default=None, repr=False)
    paths: Mapping[FileDigest, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Rescored:
    """The answer to an order: the read, the stratum of the exam, and seconds of wall time."""

    order: ExamOrder
    read: AiRead
    stratum: str
    seconds: float


@dataclass(frozen=True)
class Side:
    """One side of a comparison; None and empty where there was no read at all."""

    product: str | None = None
    status: str | None = None
    score: int | None = None
    flag: bool | None = None
    raw_score: float | None = None
    calibration: str | None = None
    reasons: tuple[str, ...] = ()


def side_of(read: AiRead | None) -> Side:
    """What a comparison says of a read; only an `ok` one has a flag that could have counted."""
    if read is None:
        return Side()
    return Side(
        product=read.identity.product if read.identity is not None else None,
        status=read.status.value,
        score=read.exam_score,
        flag=read.flagged if read.status is AiStatus.OK else None,
        raw_score=read.raw_score,
        calibration=read.calibration_id,
        reasons=tuple(reason.value for reason in read.reasons),
    )


@dataclass(frozen=True)
class RescoreRow:
    """One exam in the results. `exam_key` is a keyed hash: nobody tells the exam from it without this database."""

    exam_key: str
    stratum: str
    old: Side
    new: Side
    engine: str
    precision: str
    runtime: str
    weights_sha256: str
    probability: float | None
    prior_used: bool
    seconds: float

    def keyed(self, exam_key: str) -> RescoreRow:
        """The same row with its key."""
        return replace(self, exam_key=exam_key)


def row_of(done: Rescored, old: Side) -> RescoreRow:
    """The row of an exam, its key still to be given."""
    identity = done.read.identity
    return RescoreRow(
        exam_key="",
        stratum=done.stratum,
        old=old,
        new=side_of(done.read),
        engine=identity.engine if identity else NOT_STATED,
        precision=identity.precision if identity else NOT_STATED,
        runtime=identity.runtime if identity else NOT_STATED,
        weights_sha256=identity.weights_sha256 if identity else NOT_STATED,
        probability=done.read.probability,
        prior_used=done.read.prior_used,
        seconds=round(done.seconds, 4),
    )


@dataclass(frozen=True)
class RescoreProgress:
    """How far a run is: exams by state."""

    counts: Mapping[ExamState, int]

    @property
    def total(self) -> int:
        """Every exam of the run."""
        return sum(self.counts.values())

    @property
    def finished(self) -> int:
        """Those that need nothing more."""
        return self.total - self.counts.get(ExamState.WAITING, 0)

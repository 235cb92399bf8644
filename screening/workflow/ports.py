"""What the use cases need from the outside, as protocols; adapters live in the rooms that own a library.

A unit of work is one transaction: the boundary (command, request, job, SCP callback) opens it, use cases never commit.
Appending a case event writes event row, state row and ledger entry together with anything enqueued.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from screening.domain.ai_read import AiIdentity, AiRead
from screening.domain.cad_report import CadReport
from screening.domain.case import CaseState
from screening.domain.commitment import CommitmentRequest
from screening.domain.delivery import Delivery, Destination
from screening.domain.episode import Episode, EpisodeRow
from screening.domain.events import CaseEvent, Fact
from screening.domain.identifiers import CaseId, EpisodeId, FileDigest, SopInstanceUid, StudyInstanceUid
from screening.domain.policy import Policy
from screening.domain.quality import ReasonCode
from screening.domain.report import Language, StructuredReport
from screening.domain.study import Image, StoredObject, Study, StudyHeader
from screening.workflow.catalogue_ports import Catalogue as Catalogue
from screening.workflow.catalogue_ports import Filing as Filing
from screening.workflow.picture_ports import PixelSource as PixelSource
from screening.workflow.picture_ports import PresentationImage as PresentationImage
from screening.workflow.picture_ports import PresentationVolume as PresentationVolume


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """Current time, timezone-aware UTC."""
        ...


class Ids(Protocol):
    """The only source of fresh ids."""

    def new(self, prefix: str) -> str:
        """A new unique id that starts with `prefix`."""
        ...


@dataclass(frozen=True)
class StoredFile:
    """A file in the content-addressed store."""

    digest: FileDigest
    size: int


class FileLocator(Protocol):
    """Where a file lies, by the SHA-256 (hex) of its bytes."""

    def path(self, digest: FileDigest) -> Path:
        """Where the bytes are. Raises NotFound."""
        ...


class Files(FileLocator, Protocol):
    """Content-addressed DICOM files: the digest (SHA-256, hex) is the name."""

    def put(self, source: Path) -> StoredFile:
        """Copy, fsync and name by content; putting the same bytes again changes nothing."""
        ...

    def take(self, source: Path) -> StoredFile:
        """As `put`, but the source goes away: on the store's own disk it is moved, which spares writing it twice."""
        ...

    def digests(self) -> Iterator[FileDigest]:
        """Every stored digest."""
        ...


@dataclass(frozen=True)
class ReadInstance:
    """What a DICOM file turned out to be: its study header, either an image or another object, and how it is filed."""

    header: StudyHeader
    content: Image | StoredObject
    filed: Filing = field(default_factory=Filing)


class InstanceReader(Protocol):
    """Turns a DICOM file into what the domain knows of it, without decoding pixels."""

    def read(self, path: Path, digest: FileDigest) -> ReadInstance:
        """Describe one file.

        Raises NotDicom when it is not a DICOM object at all; every other defect is a reason code on the result.
        """
        ...


class AiReader(Protocol):
    """An AI reader: identity, and a read or a coded refusal for every study; it never raises for a bad exam."""

    @property
    def identity(self) -> AiIdentity:
        """Who signs."""
        ...

    def read(self, study: Study, pixels: PixelSource, site: str, prior: Study | None = None) -> AiRead:
        """Read one study."""
        ...


class CadSrWriter(Protocol):
    """Writes an AI read as Mammography CAD SR (TID 4000)."""

    def write(self, study: Study, read: AiRead, at: datetime, path: Path) -> str:
        """Write the object to `path`; returns its SOP Instance UID. The same run gives the same UID."""
        ...


class CadSrSource(Protocol):
    """Reads stored Mammography CAD SR objects of other products."""

    def read(self, stored: StoredObject) -> CadReport:
        """What the report says. Raises UnusableImage (CAD_SR_INVALID) when it is broken or no TID 4000."""
        ...


class ReportWriter(Protocol):
    """Turns a structured report into the form a receiver reads."""

    def bundle(self, report: StructuredReport) -> bytes:
        """FHIR R4 transaction Bundle, UTF-8 JSON. Raises ReportInvalid."""
        ...

    def narrative(self, report: StructuredReport, language: Language) -> str:
        """Plain text for people, from the same data."""
        ...


class Registered(StrEnum):
    """What became of an instance at the door."""

    NEW = "new"
    KNOWN = "known"
    DUPLICATE_DIFFERS = "duplicate_differs"


class Exams(Protocol):
    """Studies and their instances."""

    def register(self, instance: ReadInstance, at: datetime) -> Registered:
        """Keep an instance; idempotent for the same UID and bytes; other bytes under a known UID are quarantined."""
        ...

    def refuse(self, digest: FileDigest, reason: ReasonCode, at: datetime) -> None:
        """Keep a file that could not be registered, with its reason; not its name, which may be a woman's."""
        ...

    def refusals(self) -> Sequence[tuple[FileDigest, ReasonCode]]:
        """Files kept but not registered, with the reason."""
        ...

    def quarantined(self) -> Sequence[tuple[FileDigest, ReasonCode, StudyInstanceUid]]:
        """Instances kept aside: digest, reason, study they came in."""
        ...

    def study(self, uid: StudyInstanceUid) -> Study:
        """The exam this study belongs to, with everything received for it (`exam_key`). Raises NotFound."""
        ...

    def arrivals(self, study: Study) -> Mapping[SopInstanceUid, datetime]:
        """When each instance of the exam was registered."""
        ...

    def studies(self) -> Sequence[StudyInstanceUid]:
        """Every study UID, in order of arrival."""
        ...

    def latest_prior(self, study: Study) -> StudyInstanceUid | None:
        """The latest earlier study of the same woman (issuer and id), or None."""
        ...

    def save_episode(self, episode: Episode) -> None:
        """Insert or update the episode."""
        ...

    def episode(self, episode: EpisodeId) -> Episode:
        """Raises NotFound."""
        ...


@dataclass(frozen=True)
class CaseSummary:
    """One line of a worklist: ids and state only."""

    case: CaseId
    study: StudyInstanceUid
    episode: EpisodeId
    policy_id: str
    policy_version: str
    state: CaseState
    opened_at: datetime
    updated_at: datetime


class Cases(Protocol):
    """Cases as append-only events."""

    def append(
        self, case: CaseId, expected: int, actor: str, at: datetime, facts: Sequence[Fact]
    ) -> Sequence[CaseEvent]:
        """Append facts after event number `expected` (0 for a new case), with state row and ledger entries.

        Raises ConcurrentUpdate when the case has moved on.
        """
        ...

    def events(self, case: CaseId) -> Sequence[CaseEvent]:
        """All events in order. Raises CaseNotFound."""
        ...

    def of_study(self, study: StudyInstanceUid) -> CaseId | None:
        """The latest case of a study."""
        ...

    def list(self, states: Iterable[CaseState] = ()) -> Sequence[CaseSummary]:
        """Cases, oldest first; all states when none is given. The state is that at the last event."""
        ...


class AiReads(Protocol):
    """AI reads, kept whole, one per (study, product, input)."""

    def save(self, run: str, case: CaseId | None, read: AiRead, at: datetime) -> None:
        """Idempotent by `run`."""
        ...

    def get(self, run: str) -> AiRead:
        """Raises NotFound."""
        ...

    def latest(self, study: StudyInstanceUid) -> tuple[str, AiRead] | None:
        """The latest run of a study."""
        ...


class Reports(Protocol):
    """Composed reports, every version kept."""

    def save(self, report: StructuredReport) -> None:
        """Append a version. Raises Conflict when the version exists with other content."""
        ...

    def latest(self, case: CaseId) -> StructuredReport | None:
        """The newest version."""
        ...


class Policies(Protocol):
    """Every policy version ever active, so that a pinned case can always be decided."""

    def save(self, policy: Policy, document: str) -> None:
        """Keep the document (JSON). Raises Conflict when id and version exist with another digest."""
        ...

    def get(self, policy_id: str, version: str) -> Policy:
        """Raises PolicyNotFound."""
        ...


class Jobs(Protocol):
    """Durable background work: enqueued in the caller's transaction, at least once, ids only."""

    def enqueue(self, name: str, key: str, *ids: str, delay_s: float = 0.0) -> None:
        """Enqueue job `name` for these ids, the study UID first; the same key is done once.

        Jobs with the same study UID never overlap. With `delay_s` it waits so many seconds first.
        """
        ...


@dataclass(frozen=True)
class AwaitedExam:
    """An exam whose images are still coming in: one of its studies, where it was made, and when the last one came."""

    exam: str
    study: StudyInstanceUid
    unit: str
    last_at: datetime


class AwaitedExams(Protocol):
    """Exams that wait until no more images come; kept beside the instances, so that a restart forgets none."""

    def note(self, awaited: AwaitedExam, quiet: timedelta, longest: timedelta, *, priors_pending: bool = False) -> bool:
        """An image came: the exam is due `quiet` after it, and at the latest `longest` after the first one.

        With `priors_pending` it is due before `longest` only once `priors_asked` was told. Returns whether this was
        the first image.
        """
        ...

    def priors_asked(self, exam: str) -> None:
        """Archives were asked for a prior of this exam."""
        ...

    def due(self, now: datetime, most: int) -> Sequence[AwaitedExam]:
        """Exams that waited long enough, the longest waiting first."""
        ...

    def settle(self, awaited: AwaitedExam) -> bool:
        """Stop waiting, unless an image came since `last_at`; returns whether it was settled."""
        ...


class Commitments(Protocol):
    """Storage commitments that partners asked for."""

    def save(self, request: CommitmentRequest, at: datetime) -> bool:
        """Keep a request; returns False when this transaction was asked before."""
        ...

    def get(self, transaction_uid: str) -> CommitmentRequest:
        """Raises NotFound."""
        ...

    def classes(self, instances: Sequence[SopInstanceUid]) -> Mapping[SopInstanceUid, str]:
        """SOP class of every one of these instances that is stored."""
        ...


class Deliveries(Protocol):
    """Results on their way to a PACS, one per AI run and destination."""

    def begin(self, delivery: Delivery, at: datetime) -> bool:
        """Keep a new delivery; False when this run was begun for this destination before."""
        ...

    def get(self, run: str, destination: str) -> Delivery:
        """Raises NotFound."""
        ...

    def of_transaction(self, transaction_uid: str) -> Delivery:
        """The delivery whose storage commitment this is. Raises NotFound."""
        ...

    def of_case(self, case: CaseId) -> Sequence[Delivery]:
        """Deliveries of a case, oldest first."""
        ...

    def update(self, delivery: Delivery, at: datetime) -> None:
        """Keep how far it is."""
        ...


class ResultSender(Protocol):
    """Makes the result objects of an AI read and sends them."""

    def send(self, destination: Destination, study: Study, read: AiRead, at: datetime, transaction_uid: str) -> None:
        """Send the kinds this destination wants, made as of `at`; with a transaction UID also ask to commit them.

        Raises PartnerUnreachable or PartnerRefused.
        """
        ...


class PriorSource(Protocol):
    """Archives that may have earlier studies."""

    def fetch(self, study: Study) -> bool:
        """Have the latest earlier mammography study of the same woman sent to us; whether there was one.

        Raises PartnerUnreachable or PartnerRefused.
        """
        ...


class AuditRows(Protocol):
    """What audits read."""

    def episode_rows(self) -> Iterator[EpisodeRow]:
        """One row per case, streaming."""
        ...


@dataclass(frozen=True)
class LedgerHead:
    """Where the chain ends; noted elsewhere, it proves that nothing was cut off."""

    sequence: int
    hash: str


class Ledger(Protocol):
    """The hash-chained record beside the events: for investigation, never for function (ADR 3)."""

    def verify(self, expected: LedgerHead | None = None) -> LedgerHead:
        """Walk the chain and hold every event to it. Raises LedgerBroken."""
        ...


class UnitOfWork(Protocol):
    """One transaction over everything the service stores; commits when its block ends without an error."""

    @property
    def exams(self) -> Exams: ...  # noqa: D102
    @property
    def cases(self) -> Cases: ...  # noqa: D102
    @property
    def ai_reads(self) -> AiReads: ...  # noqa: D102
    @property
    def reports(self) -> Reports: ...  # noqa: D102
    @property
    def policies(self) -> Policies: ...  # noqa: D102
    @property
    def jobs(self) -> Jobs: ...  # noqa: D102
    @property
    def awaited(self) -> AwaitedExams: ...  # noqa: D102
    @property
    def commitments(self) -> Commitments: ...  # noqa: D102
    @property
    def deliveries(self) -> Deliveries: ...  # noqa: D102
    @property
    def audit(self) -> AuditRows: ...  # noqa: D102
    @property
    def ledger(self) -> Ledger: ...  # noqa: D102

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class UnitOfWorkFactory(Protocol):
    """Opens units of work."""

    def __call__(self) -> UnitOfWork:
        """Open one."""
        ...

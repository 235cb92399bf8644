"""Facts about a case: what someone recorded, when, never edited. Case state is derived from these alone (ADR 3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import get_args

from screening.domain.ai_read import AiStatus
from screening.domain.errors import InvalidInput
from screening.domain.identifiers import CaseId, EpisodeId, ReaderId, ReadId, StudyInstanceUid
from screening.domain.opinion import BiRads, Opinion
from screening.domain.outcome import Outcome
from screening.domain.policy import Field
from screening.domain.quality import ReasonCode
from screening.domain.study import Laterality


class Objection(StrEnum):
    """What a woman refused for this episode."""

    NO_AI = "no_ai"
    NO_SHARING = "no_sharing"
    NO_RESEARCH = "no_research"


class HoldKind(StrEnum):
    """Why a case is set aside; it still owes an outcome."""

    DEFERRED = "deferred"
    AWAITING_PRIORS = "awaiting_priors"
    IDENTITY_QUERY = "identity_query"
    QUARANTINED = "quarantined"


class ReadKind(StrEnum):
    """What kind of read it was, stamped when written."""

    FIRST = "first"
    SECOND = "second"
    EXTRA = "extra"
    ARBITRATION = "arbitration"


@dataclass(frozen=True)
class Author:
    """A reader as a person: the registration number ties accounts to one human being."""

    reader: ReaderId
    registration: str

    @property
    def person(self) -> str:
        """The registration number as it is compared: spaces, hyphens and capitals are how people type it.

        >>> Author(ReaderId("anna"), "reg - 1").person
        'REG1'
        """
        return _compared(self.registration)


@lru_cache(maxsize=4096)
def _compared(registration: str) -> str:
    return "".join(sign for sign in registration if sign.isalnum()).upper()


@dataclass(frozen=True)
class CaseOpened:
    """A reading process over one image set began."""

    study: StudyInstanceUid
    episode: EpisodeId
    images_complete: bool = True
    prior_study: StudyInstanceUid | None = None


@dataclass(frozen=True)
class PolicyPinned:
    """The policy that governs this case, for good."""

    policy_id: str
    version: str
    digest: str


@dataclass(frozen=True)
class ImagesCompleted:
    """The image set is complete."""


@dataclass(frozen=True)
class LateImagesReceived:
    """Images arrived after the case had been read by AI or a human."""

    count: int


@dataclass(frozen=True)
class LateImagesResolved:
    """A person looked into the images that came late; `note` says what was done about them."""

    note: str


@dataclass(frozen=True)
class AiScored:
    """An AI read with status `ok` exists; `run` is the id of the stored AiRead."""

    run: str
    exam_score: int
    flagged: bool
    product: str
    calibration_id: str
    lateralities: tuple[Laterality, ...] = ()


@dataclass(frozen=True)
class AiRefused:
    """AI gave no opinion; two humans read. `product` is the AI that refused, None when none was run."""

    status: AiStatus
    reasons: tuple[ReasonCode, ...]
    run: str | None = None
    product: str | None = None


@dataclass(frozen=True)
class ReadClaimed:
    """A reader took the lease for a read."""

    author: Author
    expires_at: datetime

    def __post_init__(self) -> None:
        _check_zone(self.expires_at)


@dataclass(frozen=True)
class ReadReleased:
    """A reader gave the lease back."""

    reader: ReaderId


@dataclass(frozen=True)
class ReadRecorded:
    """A signed opinion. `replaces` names the own read it corrects; `blind` is what the reader had been shown then."""

    read: ReadId
    author: Author
    kind: ReadKind
    opinion: Opinion
    blind: bool
    replaces: ReadId | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class ReadWithdrawn:
    """A read no longer counts; the reason is shown to a person."""

    read: ReadId
    reason: str


@dataclass(frozen=True)
class ReadFinalised:
    """Who gave the opinion closed its correction window early; `by` is None only where it was not yet recorded."""

    read: ReadId
    by: Author | None = None


@dataclass(frozen=True)
class AutoFinalised:
    """The correction window of these reads elapsed."""

    reads: tuple[ReadId, ...]


@dataclass(frozen=True)
class ArbitrationClaimed:
    """An arbiter took the lease."""

    authors: tuple[Author, ...]
    expires_at: datetime

    def __post_init__(self) -> None:
        _check_zone(self.expires_at)


@dataclass(frozen=True)
class ArbitrationDecided:
    """The third decision, by one person or a panel; `shown` is what they had been shown."""

    read: ReadId
    authors: tuple[Author, ...]
    opinion: Opinion
    reason: str
    shown: tuple[Field, ...] = ()
    ai_disclosed: bool = False


@dataclass(frozen=True)
class ResultRevealed:
    """Something that was hidden was shown to a person.

    `registration` says to whom, whatever the account; it is empty only in facts recorded before it was kept.
    """

    reader: ReaderId
    fields: tuple[Field, ...]
    registration: str = ""

    def shown_to(self, author: Author) -> bool:
        """Whether this person was shown it; without a registration the account has to stand for the person."""
        if not self.registration:
            return self.reader == author.reader
        return Author(self.reader, self.registration).person == author.person


@dataclass(frozen=True)
class Held:
    """The case was set aside."""

    kind: HoldKind
    reason: str


@dataclass(frozen=True)
class Resumed:
    """A hold was lifted."""

    kind: HoldKind
    note: str = ""


@dataclass(frozen=True)
class ObjectionRecorded:
    """The woman's objection, for this episode."""

    objection: Objection


@dataclass(frozen=True)
class OutcomeReleased:
    """The outcome left the house."""

    outcome: Outcome


@dataclass(frozen=True)
class AssessmentReceived:
    """What the hospital found after recall, with pathology."""

    assessed_on: date
    radiology_category: BiRads | None
    biopsy: bool
    cancer: bool
    invasive: bool | None = None
    size_mm: float | None = None
    node_positive: bool | None = None


@dataclass(frozen=True)
class IntervalCancerReported:
    """Cancer was found between a normal outcome and the next round."""

    diagnosed_on: date
    laterality: Laterality | None = None
    invasive: bool | None = None


@dataclass(frozen=True)
class CaseWithdrawn:
    """The case ended without a reading result, with a reason and a person."""

    reason: str


Fact = (
    CaseOpened
    | PolicyPinned
    | ImagesCompleted
    | LateImagesReceived
    | LateImagesResolved
    | AiScored
    | AiRefused
    | ReadClaimed
    | ReadReleased
    | ReadRecorded
    | ReadWithdrawn
    | ReadFinalised
    | AutoFinalised
    | ArbitrationClaimed
    | ArbitrationDecided
    | ResultRevealed
    | Held
    | Resumed
    | ObjectionRecorded
    | OutcomeReleased
    | AssessmentReceived
    | IntervalCancerReported
    | CaseWithdrawn
)
"""Every kind of fact; the store keeps them by class name."""

FACTS: tuple[type[Fact], ...] = get_args(Fact)


@dataclass(frozen=True)
class CaseEvent:
    """A fact with its place: `sequence` counts from 1 within the case, `actor` is an account, service or job.

    `at` carries its time zone; InvalidInput without one.
    """

    case: CaseId
    sequence: int
    at: datetime
    actor: str
    fact: Fact

    def __post_init__(self) -> None:
        _check_zone(self.at)


def _check_zone(moment: datetime) -> None:
    """A time without a zone means another moment on another machine, so it is no fact."""
    if moment.tzinfo is None:
        raise InvalidInput("a recorded time carries its time zone")

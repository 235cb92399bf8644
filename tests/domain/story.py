"""Cases told in a few words: builds event sequences for tests of the rules, with stated times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from screening.domain import events as ev
from screening.domain.admission import admit
from screening.domain.ai_read import AiStatus
from screening.domain.case import CaseState, CaseStatus, decide
from screening.domain.identifiers import CaseId, EpisodeId, ReaderId, ReadId, StudyInstanceUid
from screening.domain.opinion import (
    NORMAL,
    BiRads,
    BreastOpinion,
    Opinion,
    OpinionKind,
    TechnicalFault,
    TechnicalReason,
)
from screening.domain.policy import Field, Policy
from screening.domain.quality import ReasonCode
from screening.domain.study import Laterality, Slot

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ANNA = ev.Author(ReaderId("anna"), "REG-1")
BRAM = ev.Author(ReaderId("bram"), "REG-2")
CARO = ev.Author(ReaderId("caro"), "REG-3")
DAAN = ev.Author(ReaderId("daan"), "REG-4")
ANNA_AGAIN = ev.Author(ReaderId("anna-hospital"), "REG-1")
PEOPLE = (ANNA, BRAM, CARO, DAAN, ANNA_AGAIN)
R, L = Laterality.RIGHT, Laterality.LEFT


def recall(*breasts: tuple[Laterality, int]) -> Opinion:
    """A recall of these breasts with their categories."""
    return Opinion(OpinionKind.RECALL, tuple(BreastOpinion(side, BiRads(category)) for side, category in breasts))


def technical(*slots: Slot, standing: tuple[BreastOpinion, ...] = ()) -> Opinion:
    """A technical recall of these views, with breasts that stay suspicious."""
    faults = tuple(TechnicalFault(slot, TechnicalReason.MOTION) for slot in slots)
    return Opinion(OpinionKind.TECHNICAL_RECALL, standing, faults)


def opinion(word: str) -> Opinion:
    """An opinion in one word: `N`, `T:RCC`, `R4` (right breast, category 4), `R4+L0`.

    >>> opinion("R4+L0").worst_category
    <BiRads.SUSPICIOUS: 4>
    """
    if word == "N":
        return NORMAL
    if word.startswith("T:"):
        return technical(*(Slot(slot) for slot in word[2:].split("+")))
    return recall(*((Laterality(part[0]), int(part[1:])) for part in word.split("+")))


def score(value: int, *, flagged: bool | None = None, run: str = "run-1") -> ev.AiScored:
    """An AI read with status ok; flagged from score 10 unless stated."""
    return ev.AiScored(run, value, value >= 10 if flagged is None else flagged, "model@1", "cal-1")


def refused(status: AiStatus = AiStatus.FAILED) -> ev.AiRefused:
    """An AI read without an opinion."""
    return ev.AiRefused(status, (ReasonCode.MODEL_FAILED,))


def reveal(author: ev.Author, *fields: Field) -> ev.ResultRevealed:
    """These fields were shown to this person."""
    return ev.ResultRevealed(author.reader, fields, author.registration)


@dataclass
class Story:
    """One case as it unfolds; every step is recorded `gap` after the one before, unless `later` says otherwise."""

    policy: Policy
    now: datetime = START
    gap: timedelta = timedelta(minutes=1)
    events: list[ev.CaseEvent] = field(default_factory=list)

    def opened(self, *, images_complete: bool = True) -> Story:
        """Open the case and pin its policy."""
        self.add(ev.CaseOpened(StudyInstanceUid("1.2.3"), EpisodeId("episode-1"), images_complete))
        return self.add(ev.PolicyPinned(self.policy.id, self.policy.version, self.policy.digest))

    def add(self, *facts: ev.Fact) -> Story:
        """Record facts without asking whether they may be."""
        for fact in facts:
            self.now += self.gap
            self.events.append(ev.CaseEvent(CaseId("case-1"), len(self.events) + 1, self.now, "test", fact))
        return self

    def admit(self, *facts: ev.Fact) -> Story:
        """Record facts through the guards."""
        for fact in facts:
            admit(self.policy, self.events, fact, self.now + self.gap)
            self.add(fact)
        return self

    def read(
        self, author: ev.Author, words: str | Opinion, read: str = "", replaces: str = "", kind: str = "first"
    ) -> Story:
        """Record a read through the guards; its id is the reader's name unless stated."""
        said = opinion(words) if isinstance(words, str) else words
        name = ReadId(read or author.reader)
        fact = ev.ReadRecorded(name, author, ev.ReadKind(kind), said, True, ReadId(replaces) if replaces else None)
        return self.admit(fact)

    def later(self, **span: float) -> Story:
        """Let time pass: hours, minutes, days."""
        self.now += timedelta(**span)
        return self

    def windows_closed(self) -> Story:
        """Let every correction window elapse and be recorded, as housekeeping does."""
        self.later(hours=2)
        due = self.status.finalise
        return self.admit(ev.AutoFinalised(due)) if due else self

    def arbitrated(self, words: str, *authors: ev.Author, read: str = "third") -> Story:
        """Record a third decision through the guards."""
        decided = ev.ArbitrationDecided(ReadId(read), authors or (CARO,), opinion(words), "seen together")
        return self.admit(decided)

    def concluded(self, words: Sequence[str], ai: ev.AiScored | ev.AiRefused | None = None) -> Story:
        """Open, score, read in order by different people, and close the windows."""
        self.opened()
        if ai is not None:
            self.admit(ai)
        for author, word in zip((ANNA, BRAM, DAAN), words, strict=False):
            self.read(author, word)
        return self.windows_closed()

    def released(self) -> Story:
        """Release the outcome that follows from the facts."""
        outcome = self.status.outcome
        assert outcome is not None
        return self.admit(ev.OutcomeReleased(outcome))

    @property
    def status(self) -> CaseStatus:
        """Where the case stands now."""
        return decide(self.policy, self.events, self.now)

    def state(self) -> CaseState:
        """The state now."""
        return self.status.state

    def due(self) -> list[str]:
        """Reads whose correction window has elapsed unrecorded."""
        return list(self.status.finalise)

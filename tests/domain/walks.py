"""Random walks through the life of a case: steps that Hypothesis draws, and the facts they become."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from screening.domain import events as ev
from screening.domain.ai_read import AiStatus
from screening.domain.case import CaseStatus, decide
from screening.domain.facts import CaseFacts, fold
from screening.domain.identifiers import EpisodeId, ReadId, StudyInstanceUid
from screening.domain.outcome import Outcome, OutcomeKind
from screening.domain.policy import AiFlagAction, AiNeededBy, ArbitrateWhen, Field, Policy, TriageRule
from screening.workflow.policies import shipped_policies
from tests.domain.story import PEOPLE, START, Story, opinion, refused, score

WORDS = ("N", "N", "R4", "L0", "R0", "R4+L5", "T:RCC", "T:LMLO")
ZONES = (ZoneInfo("Europe/Amsterdam"), ZoneInfo("UTC"), timezone(timedelta(hours=-7)))


@dataclass(frozen=True)
class Step:
    """One thing somebody tries: what, who, with which opinion or number, and after how many minutes."""

    what: str
    who: ev.Author
    word: str
    number: int
    minutes: int


@dataclass(frozen=True)
class Moment:
    """What a step can refer to when it is tried."""

    policy: Policy
    facts: CaseFacts
    status: CaseStatus
    count: int
    now: datetime

    @property
    def next_id(self) -> ReadId:
        """A read id that was never used."""
        return ReadId(f"r{self.count}")

    def some_read(self, number: int) -> ReadId:
        """A read or decision of the case, or one that does not exist."""
        ids = [read.id for read in self.facts.reads]
        if self.facts.decision is not None:
            ids.append(self.facts.decision.decided.read)
        return ids[number % len(ids)] if ids else ReadId("nowhere")


def _read(step: Step, at: Moment, replaces: ReadId | None = None) -> ev.Fact:
    kind = (ev.ReadKind.FIRST, ev.ReadKind.SECOND, ev.ReadKind.EXTRA)[min(len(at.facts.reads), 2)]
    return ev.ReadRecorded(at.next_id, step.who, kind, opinion(step.word), False, replaces)


def _correction(step: Step, at: Moment) -> ev.Fact:
    own = [r.id for r in at.facts.reads if r.recorded.author.registration == step.who.registration]
    return _read(step, at, own[0] if own else at.some_read(step.number))


def _panel(step: Step) -> tuple[ev.Author, ...]:
    return (step.who, PEOPLE[step.number % len(PEOPLE)]) if step.number > 6 else (step.who,)


def _ai(step: Step, _at: Moment) -> ev.Fact:
    return score(step.number, flagged=step.minutes % 2 == 1, run=f"run-{step.minutes}")


def _released(step: Step, at: Moment) -> ev.Fact:
    return ev.OutcomeReleased(at.status.outcome or Outcome(list(OutcomeKind)[step.number % 4]))


def _fields(step: Step) -> tuple[Field, ...]:
    return (list(Field)[step.number % len(Field)],)


MAKERS: dict[str, Callable[[Step, Moment], ev.Fact]] = {
    "open": lambda s, _: ev.CaseOpened(StudyInstanceUid("1.2"), EpisodeId("e"), s.number > 2),
    "pin": lambda _, m: ev.PolicyPinned(m.policy.id, m.policy.version, m.policy.digest),
    "images": lambda _s, _m: ev.ImagesCompleted(),
    "late images": lambda s, _: ev.LateImagesReceived(s.number),
    "late images seen to": lambda _s, _m: ev.LateImagesResolved("another view of the same exam, looked at"),
    "score": _ai,
    "refuse": lambda s, _: refused(list(AiStatus)[1 + s.number % 6]),
    "claim": lambda s, m: ev.ReadClaimed(s.who, m.now + timedelta(minutes=s.number * 5)),
    "give back": lambda s, _: ev.ReadReleased(s.who.reader),
    "read": _read,
    "correct": _correction,
    "withdraw read": lambda s, m: ev.ReadWithdrawn(m.some_read(s.number), "not registered"),
    "finalise": lambda s, m: ev.ReadFinalised(m.some_read(s.number), s.who),
    "housekeeping": lambda s, m: ev.AutoFinalised(m.status.finalise or (m.some_read(s.number),)),
    "claim arbitration": lambda s, m: ev.ArbitrationClaimed(_panel(s), m.now + timedelta(minutes=s.number * 5)),
    "arbitrate": lambda s, m: ev.ArbitrationDecided(m.next_id, _panel(s), opinion(s.word), "reason"),
    "reveal": lambda s, _: ev.ResultRevealed(s.who.reader, _fields(s), s.who.registration),
    "hold": lambda s, _: ev.Held(list(ev.HoldKind)[s.number % 4], "reason"),
    "resume": lambda s, _: ev.Resumed(list(ev.HoldKind)[s.number % 4]),
    "object": lambda s, _: ev.ObjectionRecorded(list(ev.Objection)[s.number % 3]),
    "release": _released,
    "assessment": lambda _s, _m: ev.AssessmentReceived(date(2026, 4, 1), None, biopsy=True, cancer=False),
    "interval cancer": lambda _s, _m: ev.IntervalCancerReported(date(2027, 4, 1)),
    "withdraw case": lambda _s, _m: ev.CaseWithdrawn("examined elsewhere"),
}
"""How a step becomes a fact; every kind of fact is made by at least one."""

COMMON = ("read", "read", "read", "correct", "housekeeping", "housekeeping", "finalise", "score", "arbitrate")
"""What a case mostly meets: weighed in, so that walks go far."""

steps = st.builds(
    Step,
    what=st.sampled_from((*MAKERS, *COMMON, *COMMON)),
    who=st.sampled_from(PEOPLE),
    word=st.sampled_from(WORDS),
    number=st.integers(1, 10),
    minutes=st.sampled_from((1, 2, 30, 61, 119, 6 * 24 * 60)),
)


def moment(story: Story) -> Moment:
    """What the next step of this story can refer to."""
    facts = fold(story.events)
    return Moment(story.policy, facts, story.status, len(story.events), story.now)


def variants() -> dict[str, Policy]:
    """The shipped policies, and every other rule the engine knows, once."""
    shipped = shipped_policies()
    with_ai, masai = shipped["double-human+ai"], shipped["masai"]
    extra = replace(with_ai, ai=replace(with_ai.ai, flag_action=AiFlagAction.EXTRA_READ))
    triage = (TriageRule(1, 5, 1), TriageRule(6, 9, 2), TriageRule(10, 10, 3))
    late = replace(masai.ai, needed_by=AiNeededBy.CONCLUSION, flag_action=AiFlagAction.EXTRA_READ, triage=triage)
    return {
        **shipped,
        "extra-read": extra,
        "late-triage": replace(masai, ai=late),
        "all-recalls": replace(with_ai, arbitrate=ArbitrateWhen.ALL_RECALLS),
        "all-non-normal": replace(masai, arbitrate=ArbitrateWhen.ALL_NON_NORMAL),
        "never": replace(with_ai, arbitrate=ArbitrateWhen.NEVER, panel_may_include_reader=False),
    }


def anywhere(number: int) -> datetime:
    """A moment near the autumn clock change, in one of several zones, in no order at all."""
    return (datetime(2026, 10, 25, 0, 10, tzinfo=ZONES[1]) + timedelta(minutes=number)).astimezone(
        ZONES[number % len(ZONES)]
    )


def status_at(story: Story, now: datetime) -> CaseStatus:
    """Where the case stands at another moment."""
    return decide(story.policy, story.events, now)


__all__ = ["MAKERS", "START", "Moment", "Step", "anywhere", "moment", "status_at", "steps", "variants"]

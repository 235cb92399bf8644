"""Plays one case of a synthetic round as domain events, through the very rules that govern real cases.

Pure: the same policy, woman, seed and start give the same events. Every fact passes `admission.admit` before it is
kept, so that a played case can never be one that the service would refuse.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np

from readers.simulated.behaviour import Behaviour
from readers.simulated.population import Woman
from readers.simulated.programme import Programme
from readers.simulated.reading import SEATS, SimulatedReaders
from screening.domain import events as ev
from screening.domain.admission import admit
from screening.domain.ai_read import AiStatus
from screening.domain.case import CaseState, CaseStatus, decide
from screening.domain.errors import EventNotAllowed
from screening.domain.identifiers import CaseId, EpisodeId, ReaderId, ReadId, StudyInstanceUid
from screening.domain.outcome import Outcome, OutcomeKind
from screening.domain.policy import Policy
from screening.domain.quality import ReasonCode

READERS = 24
"""Human readers of the programme; the arbiters are among them."""

AI_PRODUCT = "simulated@1"
AI_CALIBRATION = "simulated-deciles-1"

_KINDS = (ev.ReadKind.FIRST, ev.ReadKind.SECOND, ev.ReadKind.EXTRA, ev.ReadKind.EXTRA)


class _Tape:
    """The events of one case so far and the time of its last one."""

    def __init__(self, policy: Policy, case: CaseId, start: datetime) -> None:
        self.policy = policy
        self.case = case
        self.now = start
        self.events: list[ev.CaseEvent] = []

    def record(self, actor: str, fact: ev.Fact, after: timedelta = timedelta(0)) -> None:
        """Record a fact `after` the previous one, if the rules admit it."""
        self.now += after
        admit(self.policy, self.events, fact, self.now)
        self.events.append(ev.CaseEvent(self.case, len(self.events) + 1, self.now, actor, fact))

    @property
    def status(self) -> CaseStatus:
        """Where the case stands now."""
        return decide(self.policy, self.events, self.now)


class _Play:
    """One case while it is being played."""

    def __init__(
        self, policy: Policy, woman: Woman, rng_seed: int, start: datetime, behaviour: Behaviour, programme: Programme
    ) -> None:
        self.policy = policy
        self.woman = woman
        self.behaviour = behaviour
        self.episode = f"sim-{woman.number:07d}"
        self.name = f"{self.episode}-{woman.attempt}"
        self.tape = _Tape(policy, CaseId(f"case-{self.name}"), start)
        seed = (rng_seed, woman.number)
        self.readers = SimulatedReaders(woman, seed, policy, behaviour, programme)
        self.rng = np.random.default_rng([*seed, woman.attempt, 1])
        first = int(self.rng.random() * READERS)
        step = 1 + int(self.rng.random() * (READERS // (SEATS + 1) - 1))
        self.seats = [(first + step * seat) % READERS for seat in range(SEATS + 1)]

    def hours(self, mean: float) -> timedelta:
        """A waiting time: gamma distributed, never zero, in whole seconds."""
        return timedelta(seconds=60 + int(self.rng.gamma(2.0, mean / 2.0) * 3600))

    def author(self, seat: int) -> ev.Author:
        """The person in this seat."""
        number = self.seats[seat]
        return ev.Author(ReaderId(f"reader-{number:02d}"), f"SIM{number:05d}")

    def open(self) -> None:
        """Open the case, pin the policy, keep objections."""
        opened = ev.CaseOpened(StudyInstanceUid(self.name), EpisodeId(self.episode))
        self.tape.record("intake", opened)
        self.tape.record("intake", ev.PolicyPinned(self.policy.id, self.policy.version, self.policy.digest))
        for objection in sorted(self.woman.objections):
            self.tape.record("intake", ev.ObjectionRecorded(objection))

    def read_by_ai(self) -> None:
        """An AI read or its refusal, when the policy lets AI take part."""
        if not self.policy.ai.takes_part:
            return
        after = timedelta(minutes=5 + int(self.rng.random() * 20))
        if ev.Objection.NO_AI in self.woman.objections:
            self.tape.record("ai", ev.AiRefused(AiStatus.OBJECTED, (ReasonCode.OBJECTED,)), after)
        elif self.woman.refusal is not None:
            refusal = self.woman.refusal
            self.tape.record("ai", ev.AiRefused(refusal.status, (refusal.reason,), product=AI_PRODUCT), after)
        else:
            score = self.readers.score().exam_score
            flagged = score >= self.policy.ai.flag_from
            run = f"run-{self.name}"
            self.tape.record("ai", ev.AiScored(run, score, flagged, AI_PRODUCT, AI_CALIBRATION), after)

    def read_by_humans(self) -> None:
        """Reads until the policy owes no more, then the end of the correction window.

        An AI-only flag that owes an extra read reopens the case once the owed reads are there.
        """
        reads: list[ReadId] = []
        while len(reads) < min(self.tape.status.required_reads, SEATS):
            reads.append(self.read(len(reads)))
        self.tape.record("clock", ev.AutoFinalised(tuple(reads)), self.policy.finalisation_window)

    def read(self, seat: int) -> ReadId:
        """One blind human read."""
        recorded = ev.ReadRecorded(
            ReadId(f"read-{self.name}-{seat + 1}"),
            self.author(seat),
            _KINDS[seat],
            self.readers.opinion(seat, self.habit(seat)),
            blind=True,
            seconds=round(float(self.rng.gamma(4.0, 12.0)), 1),
        )
        self.tape.record(recorded.author.reader, recorded, self.hours(20.0))
        return recorded.read

    def habit(self, seat: int) -> float:
        """The own threshold of this person: the same in every case."""
        return _habits(READERS)[self.seats[seat]] * self.behaviour.reader_spread

    def conclude(self) -> Outcome:
        """The outcome that follows from the facts, after a third decision where one is owed."""
        status = self.tape.status
        if status.state is CaseState.AWAITING_ARBITRATION:
            self.arbitrate()
            status = self.tape.status
        if status.outcome is None:
            raise EventNotAllowed(f"case {self.name} has no outcome in state {status.state.value}")
        return status.outcome

    def arbitrate(self) -> None:
        """The third decision and the end of its correction window."""
        opinions = [event.fact.opinion for event in self.tape.events if isinstance(event.fact, ev.ReadRecorded)]
        read = ReadId(f"read-{self.name}-arbitration")
        author = self.author(SEATS)
        decided = ev.ArbitrationDecided(read, (author,), self.readers.arbitration(opinions), "simulated arbitration")
        self.tape.record(author.reader, decided, self.hours(30.0))
        self.tape.record("clock", ev.AutoFinalised((read,)), self.policy.finalisation_window)

    def release(self) -> OutcomeKind:
        """Release the outcome; returns what it is."""
        outcome = self.conclude()
        self.tape.record("release", ev.OutcomeReleased(outcome), self.hours(12.0))
        return outcome.kind

    def follow_up(self, outcome: OutcomeKind) -> None:
        """What the hospital found after recall, and the cancer that surfaces later."""
        cancer = self.woman.cancer
        recalled = outcome is OutcomeKind.RECALL_FOR_ASSESSMENT
        found = recalled and cancer is not None and cancer.confirmed
        if recalled:
            self.assess(found)
        surfaces = self.woman.later_cancer or (cancer is not None and cancer.surfaces and not found)
        if surfaces and outcome is not OutcomeKind.TECHNICAL_RECALL:
            days = timedelta(days=self.woman.surfaces_after)
            diagnosed = (self.tape.now + days).date()
            self.tape.record("registry", ev.IntervalCancerReported(diagnosed), days)

    def assess(self, found: bool) -> None:
        """The hospital result with pathology."""
        after = timedelta(days=10 + int(self.rng.random() * 18))
        day = (self.tape.now + after).date()
        cancer = self.woman.cancer
        if found and cancer is not None:
            result = ev.AssessmentReceived(
                day, None, True, True, cancer.invasive, cancer.lesion.size_mm, cancer.node_positive
            )
        else:
            result = ev.AssessmentReceived(day, None, self.woman.benign_biopsy, False)
        self.tape.record("hospital", result, after)


def play(
    policy: Policy,
    woman: Woman,
    rng_seed: int,
    start: datetime,
    behaviour: Behaviour | None = None,
    programme: Programme | None = None,
) -> tuple[ev.CaseEvent, ...]:
    """Everything recorded about one image set of one woman, from opening to pathology and interval cancer.

    `start` is when the images are complete (timezone-aware). Leases are left out: a played reader never waits for
    another. A technical recall ends the case; its new image set is another case (`Woman.repeated`).
    """
    case = _Play(policy, woman, rng_seed, start, behaviour or Behaviour(), programme or Programme())
    case.open()
    case.read_by_ai()
    case.read_by_humans()
    case.follow_up(case.release())
    return tuple(case.tape.events)


@lru_cache(maxsize=4)
def _habits(readers: int) -> tuple[float, ...]:
    """Standard normal habit per reader, the same in every round."""
    return tuple(np.random.default_rng(readers).standard_normal(readers).tolist())

"""What people do in the demonstration: simulated readers act through the very use cases that real ones use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from readers.simulated.behaviour import Behaviour
from readers.simulated.population import Woman
from readers.simulated.reading import SimulatedReaders
from screening.app.compose import Service
from screening.app.demo.cast import ENRICHED
from screening.app.demo.clock import PlayedClock
from screening.app.terminal import housekeep
from screening.domain import events as ev
from screening.domain.case import CaseState
from screening.domain.identifiers import CaseId, ReaderId
from screening.domain.opinion import OpinionKind
from screening.domain.outcome import OutcomeKind
from screening.domain.policy import Role
from screening.workflow.amend_case import amend_case
from screening.workflow.arbitrate import Arbitrate, arbitrate
from screening.workflow.claim import claim_arbitration, claim_read
from screening.workflow.recorded_case import RecordedCase, load
from screening.workflow.release import release
from screening.workflow.submit_read import SubmitRead, submit_read
from screening.workflow.view_case import view_case

READING = frozenset({CaseState.AWAITING_FIRST_READ, CaseState.AWAITING_SECOND_READ})
READERS = 6

DEMO_BEHAVIOUR = Behaviour(false_positive_first=0.16, false_positive_subsequent=0.12)
"""Readers who recall more than screening readers do, so that a handful of women shows discordance and arbitration."""


class People:
    """Readers, arbiters and the hospital of one demonstration round."""

    def __init__(self, service: Service, clock: PlayedClock, seed: int, women: Mapping[CaseId, Woman]) -> None:
        """`women` is the truth behind each case; only the simulated readers' noise sees it."""
        self._service = service
        self._clock = clock
        self._women = women
        policy = service.policy
        self._readers = {
            case: SimulatedReaders(woman, (seed, woman.number), policy, DEMO_BEHAVIOUR, ENRICHED)
            for case, woman in women.items()
        }

    def read_all(self, advance: Callable[[], None]) -> int:
        """Every read the policy owes, two blind rounds over the worklist; returns the number of reads."""
        done = 0
        for case in self._women:
            for seat in range(3):
                if self._state(case) not in READING:
                    break
                self._read(case, seat)
                done += 1
            advance()
        self._let_windows_elapse()
        return done

    def arbitrate_all(self, advance: Callable[[], None]) -> int:
        """Every third decision that is owed."""
        done = 0
        for case in self._women:
            if self._state(case) is CaseState.AWAITING_ARBITRATION:
                self._arbitrate(case)
                done += 1
            advance()
        self._let_windows_elapse()
        return done

    def release_all(self) -> dict[CaseId, OutcomeKind]:
        """Release what has concluded."""
        outcomes = {}
        for case in self._women:
            if self._state(case) is CaseState.CONCLUDED:
                with self._service.units() as uow:
                    outcomes[case] = release(uow, self._clock, case, "programme").kind
        return outcomes

    def hear_from_hospital(self, outcomes: Mapping[CaseId, OutcomeKind]) -> int:
        """Results of assessment after recall, and cancers that surface after a normal outcome."""
        self._clock.advance(timedelta(days=21))
        heard = 0
        for case, outcome in outcomes.items():
            fact = self._later_fact(self._women[case], outcome)
            if fact is not None:
                with self._service.units() as uow:
                    amend_case(uow, self._clock, case, fact, "hospital")
                heard += 1
        return heard

    def _read(self, case: CaseId, seat: int) -> None:
        self._clock.advance(timedelta(minutes=3))
        author = _author(self._women[case].number, seat)
        opinion = self._readers[case].opinion(seat)
        with self._service.units() as uow:
            claim_read(uow, self._clock, case, author)
        self._clock.advance(timedelta(seconds=45))
        with self._service.units() as uow:
            submit_read(uow, self._clock, self._service.ids, SubmitRead(case, author, opinion, seconds=45.0))

    def _arbitrate(self, case: CaseId) -> None:
        self._clock.advance(timedelta(minutes=10))
        author = _author(self._women[case].number, READERS - 1)
        reads = [read.recorded.opinion for read in self._load(case).facts.reads]
        opinion = self._readers[case].arbitration(reads)
        with self._service.units() as uow:
            claim_arbitration(uow, self._clock, case, (author,))
            view_case(uow, self._clock, case, Role.ARBITER, author)
        why = "finding confirmed" if opinion.kind is OpinionKind.RECALL else "no finding that needs assessment"
        with self._service.units() as uow:
            arbitrate(uow, self._clock, self._service.ids, Arbitrate(case, (author,), opinion, f"simulated: {why}"))

    def _later_fact(
        self, woman: Woman, outcome: OutcomeKind
    ) -> ev.AssessmentReceived | ev.IntervalCancerReported | None:
        today: date = self._clock.now().date()
        cancer = woman.cancer
        if outcome is OutcomeKind.RECALL_FOR_ASSESSMENT:
            if cancer is None:
                return ev.AssessmentReceived(today, None, woman.benign_biopsy, cancer=False)
            size = cancer.lesion.size_mm
            return ev.AssessmentReceived(today, None, True, True, cancer.invasive, size, cancer.node_positive)
        missed = woman.later_cancer or (cancer is not None and cancer.surfaces)
        if outcome is OutcomeKind.ROUTINE_RECALL and missed:
            return ev.IntervalCancerReported(today + timedelta(days=woman.surfaces_after))
        return None

    def _let_windows_elapse(self) -> None:
        self._clock.advance(self._service.policy.finalisation_window + timedelta(minutes=1))
        housekeep(self._service)

    def _state(self, case: CaseId) -> CaseState:
        return self._load(case).status(self._clock.now()).state

    def _load(self, case: CaseId) -> RecordedCase:
        with self._service.units() as uow:
            return load(uow, case)


def _author(number: int, seat: int) -> ev.Author:
    """Readers take turns as first and second; the arbiter's seat is nobody's reading seat for that case."""
    person = (number + seat) % (READERS - 1) if seat < READERS - 1 else READERS - 1
    return ev.Author(ReaderId(f"reader-{person}"), f"REG{person:05d}")

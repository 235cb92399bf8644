"""The played round: admitted by the rules, deterministic, and with the figures of a real programme when large."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from readers.simulated.population import women
from readers.simulated.programme import Programme
from readers.simulated.round import PlayedCase, play, play_round
from readers.simulated.rows import episode_rows
from screening.domain.case import CaseState, decide
from screening.domain.episode import EpisodeRow
from screening.domain.events import CaseEvent, OutcomeReleased, ReadRecorded
from screening.domain.policy import Policy
from screening.workflow.policies import shipped_policies

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
ENRICHED = Programme(visible_first=0.2, visible_subsequent=0.2, technical_fault=0.1, objection_ai=0.1)


@pytest.fixture(params=sorted(shipped_policies()))
def policy(request: pytest.FixtureRequest) -> Policy:
    return shipped_policies()[request.param]


def _played(policy: Policy, count: int, programme: Programme = ENRICHED, seed: int = 1) -> list[PlayedCase]:
    return list(play_round(policy, count, seed, START, programme=programme))


def _released(events: tuple[CaseEvent, ...]) -> OutcomeReleased:
    return next(event.fact for event in events if isinstance(event.fact, OutcomeReleased))


def test_every_case_ends_released_as_the_rules_say(policy: Policy) -> None:
    for case in _played(policy, 250):
        status = decide(policy, case.events, case.events[-1].at)
        assert status.state is CaseState.RELEASED
        assert status.review == ()
        assert status.reads >= status.required_reads


def test_the_same_arguments_give_the_same_events(policy: Policy) -> None:
    for woman in women(ENRICHED, 20, seed=6):
        one = play(policy, woman, 6, START, programme=ENRICHED)
        assert one == play(policy, woman, 6, START, programme=ENRICHED)
        assert [event.sequence for event in one] == list(range(1, len(one) + 1))
        assert all(before.at <= after.at for before, after in pairwise(one))


def test_readers_of_a_case_are_different_people(policy: Policy) -> None:
    for case in _played(policy, 200):
        registrations = [
            event.fact.author.registration for event in case.events if isinstance(event.fact, ReadRecorded)
        ]
        assert len(set(registrations)) == len(registrations)


def test_a_technical_recall_gets_a_new_case_with_sound_images(policy: Policy) -> None:
    cases = _played(policy, 200)
    technical = [case for case in cases if _released(case.events).outcome.kind.value == "technical_recall"]
    repeats = [case for case in cases if case.woman.attempt == 2]
    assert technical
    assert [case.woman.number for case in repeats] == [case.woman.number for case in technical]
    assert all(case.woman.fault is None for case in repeats)


def test_an_objection_to_ai_means_two_humans() -> None:
    masai = shipped_policies()["masai"]
    rows = list(episode_rows(masai, _played(masai, 300)))
    objected = [row for row in rows if row.ai_status == "objected"]
    assert objected
    assert all(row.human_reads == 2 for row in objected)
    assert any(row.human_reads == 1 for row in rows)


def test_exams_are_made_on_working_days() -> None:
    policy = shipped_policies()["double-human"]
    days = {case.events[0].at for case in play_round(policy, 60, 1, START + timedelta(days=2), per_day=5)}
    assert {day.weekday() for day in days} <= {0, 1, 2, 3, 4}


def test_progress_is_told_per_woman() -> None:
    told: list[int] = []
    list(play_round(shipped_policies()["double-human"], 5, 1, START, progress=told.append))
    assert told == [1, 2, 3, 4, 5]


@dataclass(frozen=True)
class Figures:
    """Figures of a round, as shares of exams with adequate images unless said otherwise."""

    recall: float
    discordance: float
    detection: float
    second_only_of_cancers: float
    interval: float
    technical_of_all: float

    @classmethod
    def of(cls, rows: list[EpisodeRow]) -> Figures:
        screened = [row for row in rows if row.outcome != "technical_recall"]
        cancers = [row for row in screened if row.cancer]
        second = [row for row in cancers if row.origin in ("R2", "R2+AI")]
        return cls(
            recall=sum(row.outcome == "recall_for_assessment" for row in screened) / len(screened),
            discordance=sum(row.opinion_1 != row.opinion_2 for row in rows) / len(rows),
            detection=len(cancers) / len(screened),
            second_only_of_cancers=len(second) / len(cancers),
            interval=sum(row.interval_cancer for row in screened) / len(screened),
            technical_of_all=1 - len(screened) / len(rows),
        )


def _figures(count: int) -> Figures:
    policy = shipped_policies()["double-human"]
    cases = play_round(policy, count, 2026, START)
    return Figures.of(list(episode_rows(policy, cases)))


def test_a_round_of_ten_thousand_looks_like_a_programme() -> None:
    figures = _figures(10_000)
    assert 0.02 <= figures.recall <= 0.04
    assert 0.03 <= figures.discordance <= 0.05
    assert 0.005 <= figures.detection <= 0.01
    assert 0.001 <= figures.interval <= 0.0035
    assert 0.01 <= figures.technical_of_all <= 0.02


@pytest.mark.slow
def test_a_large_round_has_the_figures_of_a_programme() -> None:
    """Recall 2-4 %, discordance 3-5 %, detection 6-9, interval cancers 1.5-2.7 per 1000, second only 5-13 %.

    The bands are those of reference/reading-and-kpis 7 (10); second-only is 8.8 % in expectation (CO-OPS 8.89 %), and
    the band is what about 135 cancers leave uncertain.
    """
    figures = _figures(20_000)
    assert 0.02 <= figures.recall <= 0.04
    assert 0.03 <= figures.discordance <= 0.05
    assert 0.006 <= figures.detection <= 0.009
    assert 0.05 <= figures.second_only_of_cancers <= 0.13
    assert 0.0015 <= figures.interval <= 0.0027
    assert 0.01 <= figures.technical_of_all <= 0.02

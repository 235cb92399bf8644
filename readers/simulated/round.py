"""A synthetic screening round as a stream of played cases; deterministic by policy, count and seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from readers.simulated.behaviour import Behaviour
from readers.simulated.playing import play
from readers.simulated.population import Woman, women
from readers.simulated.programme import Programme
from screening.domain import events as ev
from screening.domain.outcome import OutcomeKind
from screening.domain.policy import Policy

__all__ = ["PlayedCase", "play", "play_round"]

REPEAT_AFTER = timedelta(days=14)
"""How long after a faulty image set its repeat is made."""


@dataclass(frozen=True)
class PlayedCase:
    """One case of the round: the woman as screened and everything that was recorded."""

    woman: Woman
    events: tuple[ev.CaseEvent, ...]


def play_round(
    policy: Policy,
    count: int,
    seed: int,
    start: datetime,
    behaviour: Behaviour | None = None,
    programme: Programme | None = None,
    per_day: int = 120,
    progress: Callable[[int], None] | None = None,
) -> Iterator[PlayedCase]:
    """The cases of `count` women, screened `per_day` a working day from `start`; repeats follow their first case.

    `progress` is told the number of women done so far.
    """
    programme = programme or Programme()
    for woman in women(programme, count, seed):
        opened = _screened_at(start, woman.number, per_day)
        events = play(policy, woman, seed, opened, behaviour, programme)
        yield PlayedCase(woman, events)
        if _ends_in_technical_recall(events):
            again = woman.repeated()
            yield PlayedCase(again, play(policy, again, seed, opened + REPEAT_AFTER, behaviour, programme))
        if progress is not None:
            progress(woman.number + 1)


def _screened_at(start: datetime, number: int, per_day: int) -> datetime:
    """Opening time of the n-th woman: working days only, spread over eight hours."""
    day, place = divmod(number, per_day)
    weeks, weekday = divmod(start.weekday() % 5 + day, 5)
    days = weeks * 7 + weekday - start.weekday() % 5
    return start + timedelta(days=days, seconds=int(place * 8 * 3600 / per_day))


def _ends_in_technical_recall(events: tuple[ev.CaseEvent, ...]) -> bool:
    return any(
        isinstance(event.fact, ev.OutcomeReleased) and event.fact.outcome.kind is OutcomeKind.TECHNICAL_RECALL
        for event in events
    )

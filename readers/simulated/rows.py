"""A played case as the flat row by which audits see it, by the same function that makes it from the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC

from readers.simulated.round import PlayedCase
from screening.domain.episode import EpisodeRow
from screening.domain.episode_row import CaseContext
from screening.domain.episode_row import episode_row as row_of
from screening.domain.facts import fold
from screening.domain.policy import Policy


def episode_rows(policy: Policy, cases: Iterable[PlayedCase]) -> Iterator[EpisodeRow]:
    """One row per case."""
    return (episode_row(policy, case) for case in cases)


def episode_row(policy: Policy, case: PlayedCase) -> EpisodeRow:
    """The row of one case; `screened_on` is the day on which its images were complete."""
    woman, device, first = case.woman, case.woman.site.device, case.events[0]
    opened = fold(case.events).opened
    context = CaseContext(
        case=first.case,
        episode=opened.episode if opened is not None else "",
        policy=(policy.id, policy.version),
        unit=woman.site.unit,
        round_number=woman.round_number,
        age_years=woman.age_years,
        screened_on=first.at.date(),
        manufacturer=device.manufacturer,
        device_model=device.model,
        device_software=device.software,
        implant=woman.implant,
        density=woman.density.value,
    )
    return row_of(context, policy, case.events, UTC)

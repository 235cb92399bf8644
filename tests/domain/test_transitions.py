"""The table of states and facts, cell by cell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import product

import pytest

from screening.domain import events as ev
from screening.domain.admission import admit
from screening.domain.case import LATE_IMAGES, CaseState
from screening.domain.errors import EventNotAllowed, SecondReadError
from screening.domain.facts import fold
from screening.domain.identifiers import ReadId
from screening.domain.transitions import OPEN, TRANSITIONS, next_states
from screening.workflow.policies import shipped_policies
from tests.domain.story import ANNA, CARO, L, Story, score
from tests.domain.walks import MAKERS, Step, moment

WITH_AI = shipped_policies()["double-human+ai"]


def _in_arbitration() -> Story:
    story = Story(WITH_AI).concluded(["N", "R4"], score(3))
    return story.admit(ev.ArbitrationClaimed((CARO,), story.now + timedelta(minutes=30)))


STORIES: dict[CaseState, Callable[[], Story]] = {
    CaseState.AWAITING_IMAGES: lambda: Story(WITH_AI).opened(images_complete=False),
    CaseState.AWAITING_AI: lambda: Story(WITH_AI).concluded(["N", "N"]),
    CaseState.AWAITING_FIRST_READ: lambda: Story(WITH_AI).opened(),
    CaseState.AWAITING_SECOND_READ: lambda: Story(WITH_AI).opened().read(ANNA, "N"),
    CaseState.AWAITING_FINALISATION: lambda: Story(WITH_AI).concluded(["N", "R4"], score(3)).arbitrated("N"),
    CaseState.AWAITING_ARBITRATION: lambda: Story(WITH_AI).concluded(["N", "R4"], score(3)),
    CaseState.IN_ARBITRATION: _in_arbitration,
    CaseState.CONCLUDED: lambda: Story(WITH_AI).concluded(["N", "N"], score(3)),
    CaseState.RELEASED: lambda: Story(WITH_AI).concluded(["N", "N"], score(3)).released(),
    CaseState.WITHDRAWN: lambda: Story(WITH_AI).opened().admit(ev.CaseWithdrawn("examined elsewhere")),
}
"""How a case gets into every state."""

CELLS = list(product(CaseState, ev.FACTS))


@pytest.mark.parametrize("state", CaseState)
def test_every_state_is_reached(state: CaseState) -> None:
    assert STORIES[state]().state() is state


def test_the_table_has_a_row_for_every_kind_of_fact_and_only_known_states() -> None:
    assert set(TRANSITIONS) == set(ev.FACTS)
    for row in TRANSITIONS.values():
        assert row, "a fact that has no place anywhere is no fact"
        assert all(targets and targets <= set(CaseState) for targets in row.values())


def _tries(fact: type[ev.Fact], story: Story) -> list[ev.Fact]:
    """Facts of one kind that people could try now: every person, opinion and read."""
    tries = []
    for make, who, number in product(MAKERS.values(), (ANNA, CARO), range(1, 11)):
        made = make(Step("", who, "N", number, 2), moment(story))
        if isinstance(made, fact) and made not in tries:
            tries.append(made)
    return tries


@pytest.mark.parametrize(("state", "fact"), CELLS, ids=lambda cell: getattr(cell, "value", None) or cell.__name__)
def test_every_cell_is_either_refused_or_leads_where_it_says(state: CaseState, fact: type[ev.Fact]) -> None:
    story = STORIES[state]()
    tries = _tries(fact, story)
    assert tries
    for made in tries:
        try:
            admit(story.policy, story.events, made, story.now)
        except EventNotAllowed:
            continue
        except SecondReadError:
            assert next_states(state, fact), "a cell that is not listed is refused as such"
            continue
        after = Story(story.policy, story.now, timedelta(0), [*story.events]).add(made).state()
        assert after in next_states(state, fact)


def test_an_empty_cell_is_refused_for_its_state() -> None:
    story = STORIES[CaseState.AWAITING_FIRST_READ]()
    with pytest.raises(EventNotAllowed, match="awaiting_first_read"):
        story.admit(ev.IntervalCancerReported(story.now.date(), L))


def test_a_case_owes_an_outcome_until_it_is_released_or_withdrawn() -> None:
    assert set(CaseState) - OPEN == {CaseState.RELEASED, CaseState.WITHDRAWN}
    for state in OPEN:
        assert next_states(state, ev.CaseWithdrawn) == {CaseState.WITHDRAWN}
        assert next_states(state, ev.Held) == {state}, "a held case still owes its outcome"


@pytest.mark.parametrize("state", CaseState)
def test_late_images_are_told_in_every_state_until_somebody_looked_into_them(state: CaseState) -> None:
    story = STORIES[state]().admit(ev.LateImagesReceived(2))
    assert story.state() is state
    assert LATE_IMAGES in story.status.review
    assert not story.status.releasable
    story.admit(ev.LateImagesResolved("repeat of the same views"))
    assert LATE_IMAGES not in story.status.review
    assert LATE_IMAGES in story.admit(ev.LateImagesReceived(1)).status.review


def test_a_case_released_over_late_images_says_so() -> None:
    story = Story(WITH_AI).concluded(["N", "N"], score(3)).add(ev.LateImagesReceived(1))
    outcome = story.status.outcome
    assert outcome is not None
    story.add(ev.OutcomeReleased(outcome))
    assert story.status.review == (LATE_IMAGES, "released_against_policy")


def test_only_a_concluded_case_is_released() -> None:
    assert set(TRANSITIONS[ev.OutcomeReleased]) == {CaseState.CONCLUDED}


def test_withdrawn_reads_stay_on_record() -> None:
    story = Story(WITH_AI).opened().read(ANNA, "N").admit(ev.ReadWithdrawn(ReadId("anna"), "not registered"))
    assert [read.read for read in fold(story.events).withdrawn_reads] == ["anna"]

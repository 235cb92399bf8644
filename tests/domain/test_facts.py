"""Facts folded from events: appended, never edited, and nothing judged."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.domain import events as ev
from screening.domain.errors import InvalidInput
from screening.domain.facts import CaseFacts, apply, before_release, fold, independent
from screening.domain.identifiers import CaseId
from screening.workflow.policies import shipped_policies
from tests.domain.story import ANNA, ANNA_AGAIN, BRAM, START, Story
from tests.domain.test_walks import walk
from tests.domain.walks import MAKERS, Step, moment, steps

HUMAN = shipped_policies()["double-human"]


@settings(max_examples=50)
@given(path=st.lists(steps, max_size=20))
def test_folding_goes_event_by_event_and_edits_nothing(path: list[Step]) -> None:
    story = walk(shipped_policies()["masai"], path)
    kept = list(story.events)
    facts = CaseFacts()
    for event in story.events:
        before = hash(facts)
        later = apply(facts, event)
        assert hash(facts) == before
        facts = later
    assert facts == fold(story.events)
    assert story.events == kept


@given(step=steps)
def test_every_fact_leaves_only_known_fields(step: Step) -> None:
    story = Story(HUMAN).opened().read(ANNA, "N")
    story.add(MAKERS[step.what](step, moment(story)))
    assert set(vars(fold(story.events))) == {field.name for field in fields(CaseFacts)}


def test_a_corrected_read_starts_its_window_again() -> None:
    story = Story(HUMAN).opened().read(ANNA, "N").later(minutes=50).read(ANNA, "R4", "a2", replaces="anna")
    story.later(minutes=30)
    assert story.due() == []
    assert story.later(minutes=30).due() == ["a2"]


def test_independent_reads_are_one_per_person_first_read_first() -> None:
    story = Story(HUMAN).opened().read(ANNA, "N").read(BRAM, "N")
    first = fold(story.events).reads[0].recorded
    story.add(ev.ReadRecorded(type(first.read)("again"), ANNA_AGAIN, ev.ReadKind.EXTRA, first.opinion, True))
    assert [read.id for read in independent(fold(story.events).reads)] == ["anna", "bram"]


def test_what_came_before_the_release_is_kept_apart() -> None:
    story = Story(HUMAN).concluded(["N", "N"]).released()
    released = len(story.events) - 1
    story.admit(ev.LateImagesReceived(2))
    assert list(before_release(story.events)) == story.events[:released]
    assert list(before_release(story.events[:3])) == story.events[:3]
    assert story.status.review == ("late_images",)


def test_a_lease_without_a_time_zone_is_no_fact() -> None:
    with pytest.raises(InvalidInput):
        ev.ReadClaimed(ANNA, START.replace(tzinfo=None))
    with pytest.raises(InvalidInput):
        ev.ArbitrationClaimed((ANNA,), START.replace(tzinfo=None))


def test_a_hold_is_lifted_and_may_stand_again() -> None:
    story = Story(HUMAN).concluded(["N", "N"])
    story.admit(ev.Held(ev.HoldKind.AWAITING_PRIORS, "requested")).later(days=6)
    story.admit(ev.Resumed(ev.HoldKind.AWAITING_PRIORS), ev.Held(ev.HoldKind.AWAITING_PRIORS, "found after all"))
    assert story.status.holds == (ev.HoldKind.AWAITING_PRIORS,)
    assert story.later(days=5).status.holds == ()


def test_other_holds_stand_until_a_person_lifts_them() -> None:
    story = Story(HUMAN).concluded(["N", "N"]).admit(ev.Held(ev.HoldKind.IDENTITY_QUERY, "two women?"))
    assert story.later(days=400).status.holds == (ev.HoldKind.IDENTITY_QUERY,)
    assert not story.status.releasable
    assert story.admit(ev.Resumed(ev.HoldKind.IDENTITY_QUERY)).status.releasable


def test_times_of_any_zone_are_kept_as_utc() -> None:
    event = ev.CaseEvent(CaseId("c"), 1, START + timedelta(hours=1), "test", ev.ImagesCompleted())
    complete = apply(CaseFacts(), event).images_complete_at
    assert complete is not None
    assert complete.tzinfo is UTC

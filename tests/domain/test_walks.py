"""Rules 1 and 2 of the product on random lives of a case, for every policy the engine can run."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.domain import events as ev
from screening.domain.admission import admit
from screening.domain.ai_role import usable_ai
from screening.domain.blinding import REVEALING, visible_fields
from screening.domain.case import CaseState, CaseStatus
from screening.domain.errors import SecondReadError
from screening.domain.facts import CaseFacts, fold
from screening.domain.identifiers import ReadId
from screening.domain.outcome import Outcome, OutcomeKind
from screening.domain.policy import Field, Phase, Policy, Role
from screening.domain.transitions import next_states
from tests.domain.story import ANNA, BRAM, PEOPLE, Story, opinion, score
from tests.domain.walks import MAKERS, Step, anywhere, moment, status_at, steps, variants

POLICIES = variants()


def people(facts: CaseFacts) -> set[str]:
    """Registrations of everyone who has read."""
    return {read.recorded.author.registration for read in facts.reads}


def demanded(policy: Policy, facts: CaseFacts) -> int:
    """The least number of humans rule 1 allows, worked out again from the words of the rule."""
    if facts.ai_refused or usable_ai(policy, facts) is None:
        return 2
    return 1 if policy.ai.triage else 2


def check_rule_1(policy: Policy, facts: CaseFacts, status: CaseStatus) -> None:
    """A case concludes only on enough different people, whatever AI said."""
    if status.state is CaseState.CONCLUDED:
        assert len(people(facts)) >= max(demanded(policy, facts), status.required_reads)
        assert status.outcome is not None
    if status.outcome is not None and status.outcome.kind is OutcomeKind.ROUTINE_RECALL:
        assert status.state in (CaseState.CONCLUDED, CaseState.RELEASED)


def walk(policy: Policy, path: list[Step]) -> Story:
    """Try every step; keep what the guards admit, and hold each to the table of transitions."""
    story = Story(policy).opened()
    for step in path:
        story.later(minutes=step.minutes)
        fact = MAKERS[step.what](step, moment(story))
        now = story.now + story.gap
        try:
            before = admit(policy, story.events, fact, now)
        except SecondReadError:
            continue
        story.add(fact)
        after = story.state()
        assert after in next_states(before.state, type(fact)), (before.state, type(fact).__name__, after)
    return story


paths = st.lists(steps, max_size=30)


@pytest.mark.parametrize("name", POLICIES)
@given(path=paths)
def test_an_admitted_life_obeys_the_table_and_rule_1(name: str, path: list[Step]) -> None:
    story = walk(POLICIES[name], path)
    check_rule_1(story.policy, fold(story.events), story.status)


@pytest.mark.parametrize("name", POLICIES)
@given(path=paths, minutes=st.lists(st.integers(0, 600), min_size=31, max_size=31))
def test_any_sequence_at_all_gives_a_status_and_obeys_rule_1(name: str, path: list[Step], minutes: list[int]) -> None:
    story = Story(POLICIES[name])
    for step, at in zip(path, minutes, strict=False):
        story.add(MAKERS[step.what](step, moment(story)))
        story.events[-1] = replace(story.events[-1], at=anywhere(at))
        status = status_at(story, anywhere(minutes[-1]))
        check_rule_1(story.policy, fold(story.events), status)


@pytest.mark.parametrize("name", POLICIES)
@settings(max_examples=30)
@given(path=paths)
def test_a_released_outcome_never_changes_silently(name: str, path: list[Step]) -> None:
    story = walk(POLICIES[name], path)
    released = [event.fact.outcome for event in story.events if isinstance(event.fact, ev.OutcomeReleased)]
    if not released:
        return
    status = story.status
    assert released == [status.outcome]
    assert "released_against_policy" not in status.review
    unreleased = replace_release(story)
    differs = unreleased.outcome is None or not unreleased.outcome.tells_same(released[0])
    assert ("outcome_would_differ" in status.review) is differs


def replace_release(story: Story) -> CaseStatus:
    """Where the case would stand had nothing been released."""
    kept = [event for event in story.events if not isinstance(event.fact, ev.OutcomeReleased)]
    return Story(story.policy, story.now, story.gap, kept).status


@pytest.mark.parametrize("name", POLICIES)
@settings(max_examples=30)
@given(path=paths)
def test_after_an_objection_ai_counts_for_nothing(name: str, path: list[Step]) -> None:
    story = walk(POLICIES[name], path)
    story.events = [event for event in story.events if not isinstance(event.fact, ev.OutcomeReleased)]
    story.add(ev.ObjectionRecorded(ev.Objection.NO_AI))
    silent = [event for event in story.events if not isinstance(event.fact, ev.AiScored | ev.AiRefused)]
    with_ai, without = story.status, Story(story.policy, story.now, story.gap, silent).status
    assert without == with_ai
    assert with_ai.required_reads == 2


@pytest.mark.parametrize("name", POLICIES)
@settings(max_examples=30)
@given(path=paths, chance=st.integers(0, 30))
def test_a_second_account_of_a_reader_never_counts(name: str, path: list[Step], chance: int) -> None:
    story = walk(POLICIES[name], path)
    reads = [event.fact for event in story.events if isinstance(event.fact, ev.ReadRecorded)]
    facts = fold(story.events)
    if facts.released is not None or not facts.reads:
        return
    before = story.status
    again = reads[chance % len(reads)]
    if again.author.registration not in people(facts):
        return
    author = replace(again.author, reader=PEOPLE[-1].reader)
    story.add(replace(again, read=ReadId("account-2"), author=author, replaces=None))
    after = story.status
    assert (after.reads, after.state, after.outcome) == (before.reads, before.state, before.outcome)


OPINIONS = st.lists(st.sampled_from(("N", "R4", "L0", "R0", "T:RCC", "T:LMLO", "R4+L5")), min_size=2, max_size=2)


@pytest.mark.parametrize("name", POLICIES)
@settings(max_examples=30)
@given(words=OPINIONS, exam=st.integers(1, 10))
def test_the_order_of_equal_readers_changes_nothing_that_is_told(name: str, words: list[str], exam: int) -> None:
    told = [told_after(POLICIES[name], order, exam) for order in (words, words[::-1])]
    assert told[0] == told[1]


def told_after(policy: Policy, words: list[str], exam: int) -> tuple[object, ...]:
    """What follows from two reads in this order, recorded without the guards."""
    story = Story(policy).opened().add(score(exam))
    for author, word in zip((ANNA, BRAM), words, strict=True):
        story.add(ev.ReadRecorded(ReadId(author.reader), author, ev.ReadKind.FIRST, opinion(word), True))
    status = story.windows_closed().status
    outcome = status.outcome or Outcome(OutcomeKind.NO_RESULT)
    told = (outcome.kind, outcome.breasts, outcome.technical, outcome.standing_recall)
    return (status.state, status.arbitration, status.required_reads, *told)


@pytest.mark.parametrize("name", ["double-human", "double-human+ai", "nl-b0"])
@settings(max_examples=30)
@given(path=paths)
def test_before_the_release_a_blind_policy_shows_a_reader_nothing_derived(name: str, path: list[Step]) -> None:
    story = walk(POLICIES[name], path)
    facts = fold(story.events)
    if facts.released is not None:
        return
    for author in PEOPLE:
        shown = visible_fields(story.policy, facts, Role.READER, author)
        assert not shown & (REVEALING | {Field.AI_STATUS})
        for role in (Role.MANAGER, Role.QUALITY):
            assert not visible_fields(story.policy, facts, role, author) & REVEALING


@pytest.mark.parametrize("name", POLICIES)
@settings(max_examples=30)
@given(path=paths)
def test_nobody_sees_more_than_the_matrix_grants(name: str, path: list[Step]) -> None:
    story = walk(POLICIES[name], path)
    facts = fold(story.events)
    for role in Role:
        for author in PEOPLE:
            granted = {field for phase in Phase for field in Field if story.policy.allows(role, phase, field)}
            granted |= {field for phase in Phase for field in Field if story.policy.allows(Role.READER, phase, field)}
            assert visible_fields(story.policy, facts, role, author) <= granted

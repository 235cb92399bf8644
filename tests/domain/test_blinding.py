"""Who sees what, moment by moment (rule 2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.domain import errors
from screening.domain import events as ev
from screening.domain.blinding import is_blind, phase_for, told_to_read, visible_fields
from screening.domain.facts import CaseFacts, fold
from screening.domain.identifiers import ReaderId, ReadId
from screening.domain.policy import Field, Phase, Policy, Role
from screening.workflow.policies import shipped_policies
from tests.domain.story import ANNA, ANNA_AGAIN, BRAM, CARO, DAAN, Story, opinion, refused, reveal, score
from tests.domain.walks import variants

WITH_AI = shipped_policies()["double-human+ai"]
EVERYTHING = frozenset(Field)


def sees(story: Story, role: Role, author: ev.Author) -> frozenset[Field]:
    """What this person may see now."""
    return visible_fields(story.policy, fold(story.events), role, author)


def test_a_case_opens_up_step_by_step() -> None:
    story = Story(WITH_AI).opened().admit(score(10))
    assert sees(story, Role.READER, ANNA) == {Field.PRIORS}
    story.read(ANNA, "N")
    assert sees(story, Role.READER, ANNA) == {Field.PRIORS}
    assert sees(story, Role.ARBITER, CARO) == {Field.PRIORS}
    story.read(BRAM, "R4")
    assert sees(story, Role.ARBITER, CARO) == {Field.PRIORS}, "the reads can still be corrected"
    story.windows_closed()
    assert sees(story, Role.ARBITER, CARO) == EVERYTHING - {Field.OUTCOME}
    assert sees(story, Role.READER, BRAM) == {Field.PRIORS}
    story.arbitrated("R4").windows_closed().released()
    assert sees(story, Role.READER, ANNA) == EVERYTHING


def test_a_second_account_is_in_the_phase_of_its_person() -> None:
    facts = fold(Story(WITH_AI).opened().read(ANNA, "N").events)
    assert phase_for(facts, ANNA_AGAIN) is Phase.AFTER_OWN_READ
    assert phase_for(facts, BRAM) is Phase.BEFORE_OWN_READ


def test_whose_read_was_withdrawn_is_blind_again_in_what_is_shown() -> None:
    story = Story(WITH_AI).opened().read(ANNA, "N")
    story.admit(ev.ReadWithdrawn(fold(story.events).reads[0].id, "wrong woman on the screen"))
    assert phase_for(fold(story.events), ANNA) is Phase.BEFORE_OWN_READ


@pytest.mark.parametrize(
    ("field", "blind"),
    [
        (Field.PRIORS, True),
        (Field.AI_STATUS, True),
        (Field.OTHER_READS, False),
        (Field.AI_SCORE, False),
        (Field.AI_FLAG, False),
        (Field.AI_MARKS, False),
        (Field.OUTCOME, False),
    ],
)
def test_what_was_shown_decides_who_is_blind(field: Field, blind: bool) -> None:
    facts = fold(Story(WITH_AI).opened().admit(reveal(ANNA, field)).events)
    assert is_blind(facts, ANNA) is blind
    assert is_blind(facts, BRAM), "a reveal to one person blinds nobody else"


def test_a_correction_after_the_reveal_counts_but_is_not_blind() -> None:
    story = Story(WITH_AI).opened().read(ANNA, "N").admit(reveal(ANNA, Field.OTHER_READS))
    recorded = fold(story.events).reads[0].recorded
    corrected = ev.ReadRecorded(
        type(recorded.read)("a2"), ANNA, ev.ReadKind.FIRST, recorded.opinion, False, recorded.read
    )
    story.admit(corrected)
    assert [read.recorded.blind for read in fold(story.events).reads] == [False]


def test_under_masai_the_score_is_seen_but_the_other_read_is_not() -> None:
    story = Story(shipped_policies()["masai"]).opened().admit(score(10)).read(ANNA, "R4")
    assert sees(story, Role.READER, BRAM) == EVERYTHING - {Field.OTHER_READS, Field.OUTCOME}


def test_looking_does_not_take_a_case_from_another_reader() -> None:
    story = Story(WITH_AI).opened()
    story.admit(ev.ReadClaimed(ANNA, story.now + timedelta(minutes=30)))
    story.admit(reveal(BRAM, Field.AI_STATUS))
    with pytest.raises(errors.CaseClaimed):
        story.read(BRAM, "N")


def test_a_second_account_is_no_second_pair_of_eyes() -> None:
    """Blinding follows the person: what one account was shown, its owner has seen."""
    story = Story(shipped_policies()["masai"]).opened().admit(score(10), reveal(ANNA, Field.AI_SCORE))
    assert not is_blind(fold(story.events), ANNA_AGAIN)
    with pytest.raises(errors.EventNotAllowed):
        story.read(ANNA_AGAIN, "N")


def test_who_saw_the_reads_as_arbiter_does_not_read_under_another_account() -> None:
    story = Story(WITH_AI).concluded(["N", "R4"], score(3)).admit(reveal(CARO, Field.OTHER_READS))
    story.admit(ev.ReadWithdrawn(fold(story.events).reads[1].id, "account not registered"))
    caro_again = ev.Author(ReaderId("caro-clinic"), CARO.registration.lower())
    with pytest.raises(errors.ReaderNotIndependent):
        story.read(caro_again, "N")


def test_a_shared_account_does_not_lend_its_eyes_to_another_person() -> None:
    facts = fold(Story(WITH_AI).opened().admit(reveal(ANNA, Field.AI_SCORE)).events)
    assert is_blind(facts, ev.Author(ANNA.reader, BRAM.registration))


def test_a_reveal_recorded_without_a_registration_still_counts_for_its_account() -> None:
    facts = fold(Story(WITH_AI).opened().admit(ev.ResultRevealed(ANNA.reader, (Field.AI_SCORE,))).events)
    assert not is_blind(facts, ANNA)
    assert is_blind(facts, BRAM)


def hidden(name: str) -> Policy:
    """A policy whose readers are blind to each other and to AI, whatever it usually shows."""
    return replace(variants()[name], visibility=WITH_AI.visibility)


def after(policy: Policy, words: list[str], ai: ev.Fact, *, closed: bool) -> CaseFacts:
    """A case on which AI answered and these reads were given."""
    story = Story(policy).opened().add(ai)
    for author, word in zip((ANNA, BRAM), words, strict=False):
        story.add(ev.ReadRecorded(ReadId(author.reader), author, ev.ReadKind.FIRST, opinion(word), True))
    return fold((story.windows_closed() if closed else story).events)


answers = st.builds(lambda value, flag: score(value, flagged=flag), st.integers(1, 10), st.booleans())


@pytest.mark.parametrize("name", variants())
@settings(max_examples=40)
@given(
    words=st.lists(st.sampled_from(("N", "R4", "L0", "T:RCC")), max_size=2),
    ai=answers | st.just(refused()),
    closed=st.booleans(),
)
def test_whether_a_blind_reader_is_asked_follows_only_from_how_many_have_read(
    name: str, words: list[str], ai: ev.Fact, closed: bool
) -> None:
    policy = hidden(name)
    plain = after(policy, ["N"] * len(words), score(1, flagged=False), closed=closed)
    assert told_to_read(policy, after(policy, words, ai, closed=closed), CARO) is told_to_read(policy, plain, CARO)


def test_a_flag_that_asks_for_an_extra_read_is_not_given_away() -> None:
    policy = hidden("extra-read")
    for value in (1, 10):
        assert told_to_read(policy, after(policy, ["N", "N"], score(value), closed=False), CARO)
        assert not told_to_read(policy, after(policy, ["N", "N"], score(value), closed=False), ANNA_AGAIN)


def test_without_a_secret_in_the_number_only_owed_reads_are_asked_for() -> None:
    assert told_to_read(WITH_AI, after(WITH_AI, ["N"], score(10), closed=False), CARO)
    assert not told_to_read(WITH_AI, after(WITH_AI, ["N", "N"], score(10), closed=False), CARO)
    masai = shipped_policies()["masai"]
    assert not told_to_read(masai, after(masai, ["N"], score(9), closed=False), CARO), "the score is shown there"
    assert told_to_read(masai, after(masai, ["N"], score(10), closed=False), CARO)


def test_nobody_is_asked_to_read_once_the_case_is_over_or_after_arbitrating_it() -> None:
    policy = hidden("extra-read")
    over = Story(policy).concluded(["N", "N"], score(3)).released()
    assert not told_to_read(policy, fold(over.events), CARO)
    withdrawn = Story(policy).opened().admit(ev.CaseWithdrawn("examined elsewhere"))
    assert not told_to_read(policy, fold(withdrawn.events), CARO)
    arbitrated = Story(policy).concluded(["N", "R4"], score(3)).arbitrated("N", CARO)
    assert not told_to_read(policy, fold(arbitrated.events), CARO)
    assert told_to_read(policy, fold(arbitrated.events), DAAN)

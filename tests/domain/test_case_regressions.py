"""Faults that were found in the rules, each with the story that showed it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from screening.domain import errors
from screening.domain import events as ev
from screening.domain.ai_read import AiStatus
from screening.domain.arbitration import ArbitrationReason
from screening.domain.blinding import visible_fields
from screening.domain.case import CaseState
from screening.domain.facts import fold
from screening.domain.geometry import Flip
from screening.domain.identifiers import ReaderId, ReadId
from screening.domain.opinion import NORMAL, BiRads, BreastOpinion
from screening.domain.outcome import Flagger, Outcome, OutcomeKind
from screening.domain.policy import AiFlagAction, Field, Policy, Role
from screening.workflow.policies import shipped_policies
from tests.domain.story import ANNA, ANNA_AGAIN, BRAM, CARO, DAAN, START, L, R, Story, opinion, refused, reveal, score

HUMAN = shipped_policies()["double-human"]
WITH_AI = shipped_policies()["double-human+ai"]
MASAI = shipped_policies()["masai"]
NL_B0 = shipped_policies()["nl-b0"]


def extra_read() -> Policy:
    """The GEMINI form: AI alone asks for a third pair of eyes."""
    return replace(WITH_AI, ai=replace(WITH_AI.ai, flag_action=AiFlagAction.EXTRA_READ))


def test_a_correction_keeps_the_place_of_the_first_reader() -> None:
    story = Story(HUMAN).opened().read(ANNA, "N").read(BRAM, "N")
    story.read(ANNA, "R4", read="anna-2", replaces="anna").windows_closed().arbitrated("R4")
    outcome = story.windows_closed().status.outcome
    assert outcome is not None
    assert outcome.flagged_by == (Flagger.FIRST_READER,)


def test_the_first_reader_corrects_a_slip_while_the_second_works_on_the_case() -> None:
    story = Story(HUMAN).opened().read(ANNA, "N")
    story.admit(ev.ReadClaimed(BRAM, story.now + timedelta(minutes=30)))
    story.read(ANNA, "R4", read="anna-2", replaces="anna")
    assert story.status.leased_until is not None, "the second reader keeps the lease"
    with pytest.raises(errors.CaseClaimed):
        story.read(CARO, "N")


def test_nobody_replaces_the_read_of_somebody_else() -> None:
    story = Story(HUMAN).opened().read(ANNA, "R4")
    story.add(ev.ReadRecorded(ReadId("b"), BRAM, ev.ReadKind.SECOND, NORMAL, True, ReadId("anna")))
    assert [read.id for read in fold(story.events).reads] == ["anna", "b"]


def test_a_decision_falls_with_the_reads_it_rested_on() -> None:
    story = Story(HUMAN).concluded(["N", "R4"]).arbitrated("N").windows_closed()
    assert story.state() is CaseState.CONCLUDED
    story.admit(ev.ReadWithdrawn(ReadId("bram"), "account not registered"))
    story.read(DAAN, "R5").windows_closed()
    assert story.state() is CaseState.AWAITING_ARBITRATION
    assert story.arbitrated("R5", read="third-again").windows_closed().state() is CaseState.CONCLUDED


def test_a_recall_by_the_arbiter_is_not_lost_when_new_reads_agree() -> None:
    story = Story(HUMAN).concluded(["N", "R4"]).arbitrated("R4").windows_closed()
    story.admit(ev.ReadWithdrawn(ReadId("bram"), "account not registered")).read(DAAN, "N").windows_closed()
    assert story.state() is CaseState.AWAITING_ARBITRATION
    assert story.status.arbitration is ArbitrationReason.OUTDATED_DECISION


def test_an_ai_flag_that_comes_after_the_decision_is_looked_at() -> None:
    story = Story(WITH_AI).concluded(["N", "T:RCC"], refused(AiStatus.TIMED_OUT)).arbitrated("N").windows_closed()
    assert story.state() is CaseState.CONCLUDED
    assert story.admit(score(10)).state() is CaseState.AWAITING_ARBITRATION


def test_a_late_score_after_a_refusal_spares_no_read() -> None:
    story = Story(MASAI).opened().admit(refused(AiStatus.TIMED_OUT)).read(ANNA, "N")
    story.admit(score(1)).windows_closed()
    assert story.status.required_reads == 2
    assert story.state() is CaseState.AWAITING_SECOND_READ


def test_an_objection_to_sharing_does_not_answer_for_ai() -> None:
    story = Story(MASAI).opened().admit(ev.ObjectionRecorded(ev.Objection.NO_SHARING))
    assert story.state() is CaseState.AWAITING_AI


def test_the_correction_window_is_real_time_across_the_autumn_clock_change() -> None:
    amsterdam = ZoneInfo("Europe/Amsterdam")
    story = Story(HUMAN, now=datetime(2026, 10, 25, 2, 49, tzinfo=amsterdam)).opened()
    story.gap = timedelta(0)
    story.now = datetime(2026, 10, 25, 2, 50, tzinfo=amsterdam)
    story.read(ANNA, "N")
    story.now = datetime(2026, 10, 25, 2, 49, fold=1, tzinfo=amsterdam)
    assert story.due() == []
    story.now = datetime(2026, 10, 25, 2, 50, fold=1, tzinfo=amsterdam)
    assert story.due() == ["anna"]


def test_the_correction_window_is_real_time_across_the_spring_clock_change() -> None:
    amsterdam = ZoneInfo("Europe/Amsterdam")
    story = Story(HUMAN, now=datetime(2026, 3, 29, 1, 40, tzinfo=amsterdam)).opened().read(ANNA, "N")
    story.now = datetime(2026, 3, 29, 3, 20, tzinfo=amsterdam)
    assert story.due() == []


def test_a_lease_in_local_time_expires_in_real_time() -> None:
    amsterdam = ZoneInfo("Europe/Amsterdam")
    story = Story(HUMAN, now=datetime(2026, 10, 25, 2, 40, tzinfo=amsterdam)).opened()
    story.admit(ev.ReadClaimed(ANNA, datetime(2026, 10, 25, 2, 10, fold=1, tzinfo=amsterdam)))
    assert story.status.leased_until is not None
    with pytest.raises(errors.CaseClaimed):
        story.read(BRAM, "N")


def test_an_event_without_a_time_zone_cannot_be_recorded() -> None:
    with pytest.raises(errors.InvalidInput):
        Story(HUMAN, now=START.replace(tzinfo=None)).opened()


def test_asking_again_for_priors_does_not_hold_the_case_for_ever() -> None:
    story = Story(HUMAN).concluded(["N", "N"])
    for _ in range(4):
        story.admit(ev.Held(ev.HoldKind.AWAITING_PRIORS, "requested")).later(days=2)
    assert story.status.holds == ()


def test_the_wait_for_ai_starts_when_the_images_are_complete() -> None:
    story = Story(WITH_AI).opened(images_complete=False).later(hours=5)
    assert not story.status.ai_overdue
    story.admit(ev.ImagesCompleted())
    assert not story.later(minutes=119).status.ai_overdue
    assert story.later(minutes=2).status.ai_overdue


def test_a_withdrawn_case_waits_for_nothing() -> None:
    story = Story(WITH_AI).opened().admit(ev.CaseWithdrawn("examined elsewhere")).later(hours=9)
    assert not story.status.ai_overdue


def test_what_sends_a_case_to_arbitration_is_named_as_its_origin() -> None:
    story = Story(WITH_AI).concluded(["N", "N"], score(10, flagged=False))
    assert story.status.arbitration is ArbitrationReason.AI_FLAG
    outcome = story.arbitrated("N").windows_closed().status.outcome
    assert outcome is not None
    assert outcome.flagged_by == (Flagger.AI,)
    assert outcome.dismissed


def test_ai_is_no_origin_where_the_policy_keeps_it_out() -> None:
    outcome = Story(HUMAN).concluded(["N", "N"], score(10)).status.outcome
    assert outcome is not None
    assert outcome.flagged_by == ()


def test_a_technical_decision_keeps_the_recall_the_arbiter_leaves_standing() -> None:
    standing = (BreastOpinion(L, BiRads.HIGHLY_SUGGESTIVE),)
    story = Story(HUMAN).concluded(["R4", "T:RCC"])
    decided = replace(opinion("T:RCC"), breasts=standing)
    story.admit(ev.ArbitrationDecided(ReadId("third"), (CARO,), decided, "blurred")).windows_closed()
    outcome = story.status.outcome
    assert outcome is not None
    assert outcome.kind is OutcomeKind.TECHNICAL_RECALL
    assert [breast.laterality for breast in outcome.standing_recall] == [R, L]


def test_a_released_recall_of_another_breast_is_a_difference() -> None:
    story = Story(HUMAN).concluded(["R4", "R4"])
    story.add(ev.OutcomeReleased(Outcome(OutcomeKind.RECALL_FOR_ASSESSMENT, opinion("L4").breasts)))
    assert "released_against_policy" in story.status.review


def test_a_release_during_a_hold_is_noticed() -> None:
    story = Story(HUMAN).concluded(["N", "N"]).add(ev.Held(ev.HoldKind.IDENTITY_QUERY, "two women?"))
    story.add(ev.OutcomeReleased(Outcome(OutcomeKind.ROUTINE_RECALL)))
    assert "released_against_policy" in story.status.review


def test_a_read_withdrawn_after_release_opens_a_review() -> None:
    story = Story(HUMAN).concluded(["N", "N"]).released()
    story.admit(ev.ReadWithdrawn(ReadId("bram"), "account not registered"))
    assert story.state() is CaseState.RELEASED
    assert story.status.review == ("outcome_would_differ",)


def test_opening_a_case_twice_changes_nothing() -> None:
    story = Story(HUMAN).opened().read(ANNA, "N")
    opened = story.events[0].fact
    assert isinstance(opened, ev.CaseOpened)
    story.add(replace(opened, images_complete=False))
    assert story.state() is CaseState.AWAITING_SECOND_READ


def test_nothing_is_recorded_before_the_case_is_open() -> None:
    with pytest.raises(errors.EventNotAllowed):
        Story(WITH_AI).admit(score(3))


def test_a_case_is_ruled_by_the_policy_pinned_to_it() -> None:
    story = Story(HUMAN).opened()
    story.policy = MASAI
    with pytest.raises(errors.EventNotAllowed):
        story.read(ANNA, "N")


def test_a_lease_is_given_back_by_its_holder() -> None:
    story = Story(HUMAN).opened().admit(ev.ReadClaimed(ANNA, START + timedelta(hours=1)))
    with pytest.raises(errors.CaseClaimed):
        story.admit(ev.ReadReleased(ReaderId("bram")))
    assert story.add(ev.ReadReleased(ReaderId("bram"))).status.leased_until is not None
    assert story.admit(ev.ReadReleased(ReaderId("anna"))).status.leased_until is None


def test_a_window_is_not_closed_by_housekeeping_before_it_elapsed() -> None:
    story = Story(HUMAN).opened().read(ANNA, "N")
    with pytest.raises(errors.EventNotAllowed):
        story.admit(ev.AutoFinalised((ReadId("anna"),)))


def test_who_arbitrated_does_not_read_the_case_afterwards() -> None:
    story = Story(HUMAN).concluded(["N", "R4"]).arbitrated("N").windows_closed()
    story.admit(ev.ReadWithdrawn(ReadId("bram"), "account not registered"))
    with pytest.raises(errors.ReaderNotIndependent):
        story.read(CARO, "N")


def test_who_has_seen_the_other_read_cannot_give_an_independent_one() -> None:
    story = Story(HUMAN).opened().read(ANNA, "N")
    story.admit(reveal(BRAM, Field.OTHER_READS))
    with pytest.raises(errors.ReaderNotIndependent):
        story.read(BRAM, "N")


def test_a_read_is_not_called_blind_after_a_reveal() -> None:
    story = Story(HUMAN).opened().read(ANNA, "N").admit(reveal(ANNA, Field.AI_SCORE))
    with pytest.raises(errors.EventNotAllowed):
        story.read(ANNA, "R4", read="anna-2", replaces="anna")


def test_a_recall_needs_a_category_that_recalls_under_the_policy() -> None:
    with pytest.raises(errors.CategoryNotAllowed):
        Story(NL_B0).opened().read(ANNA, "R3")


def test_the_role_of_arbiter_opens_nothing_while_reads_are_owed() -> None:
    story = Story(WITH_AI).opened().admit(score(10)).read(ANNA, "R4")
    assert visible_fields(WITH_AI, fold(story.events), Role.ARBITER, BRAM) == {Field.PRIORS}


def test_marks_of_a_low_score_stay_hidden_under_masai() -> None:
    for value, shown in ((7, False), (8, True), (10, True)):
        facts = fold(Story(MASAI).opened().admit(score(value)).events)
        assert (Field.AI_MARKS in visible_fields(MASAI, facts, Role.READER, ANNA)) is shown
        assert Field.AI_SCORE in visible_fields(MASAI, facts, Role.READER, ANNA)


def test_after_an_objection_no_score_is_shown() -> None:
    story = Story(MASAI).opened().admit(score(9), ev.ObjectionRecorded(ev.Objection.NO_AI))
    shown = visible_fields(MASAI, fold(story.events), Role.READER, ANNA)
    assert shown == {Field.PRIORS, Field.AI_STATUS}


def test_an_extra_read_that_agrees_concludes_and_one_that_recalls_is_arbitrated() -> None:
    policy = extra_read()
    agree = Story(policy).opened().admit(score(10)).read(ANNA, "N").read(BRAM, "N")
    assert agree.state() is CaseState.AWAITING_SECOND_READ
    assert agree.status.required_reads == 3
    assert agree.read(DAAN, "N").windows_closed().state() is CaseState.CONCLUDED
    differ = Story(policy).opened().admit(score(10)).read(ANNA, "N").read(BRAM, "N").read(DAAN, "R4")
    assert differ.windows_closed().status.arbitration is ArbitrationReason.DISCORDANT


def test_a_second_account_of_the_arbiter_or_reader_is_the_same_person() -> None:
    story = Story(HUMAN).concluded(["N", "R4"])
    with pytest.raises(errors.ReaderNotIndependent):
        story.arbitrated("N", ANNA_AGAIN)
    story.add(ev.ArbitrationDecided(ReadId("third"), (ANNA_AGAIN,), NORMAL, "mine"))
    assert story.state() is CaseState.AWAITING_ARBITRATION


def test_a_box_outside_the_image_collapses_onto_its_edge() -> None:
    x0, y0, x1, y1 = Flip(100, 50, horizontal=False, vertical=False).to_stored((60.0, 10.0, 70.0, 20.0))
    assert (x0, y0, x1, y1) == (50.0, 10.0, 50.0, 20.0)


def test_times_are_kept_as_utc() -> None:
    story = Story(HUMAN, now=datetime(2026, 7, 1, 10, 0, tzinfo=ZoneInfo("Europe/Amsterdam"))).opened()
    opened = fold(story.events).opened_at
    assert opened is not None
    assert opened.tzinfo is UTC


def test_a_registration_number_typed_differently_is_the_same_person() -> None:
    story = Story(HUMAN).opened().read(ANNA, "N")
    with pytest.raises(errors.ReaderNotIndependent):
        story.read(ev.Author(ReaderId("anna-clinic"), " reg - 1"), "N")

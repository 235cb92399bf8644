"""Guards before a fact is recorded: what is refused, and by which name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from screening.domain import errors
from screening.domain import events as ev
from screening.domain.admission import NO_READ
from screening.domain.case import CaseState
from screening.domain.identifiers import EpisodeId, ReadId, StudyInstanceUid
from screening.domain.outcome import Outcome, OutcomeKind
from screening.workflow.policies import shipped_policies
from tests.domain.story import ANNA, ANNA_AGAIN, BRAM, CARO, DAAN, Story

HUMAN = shipped_policies()["double-human"]
SOLO_ONLY = replace(HUMAN, panel_may_include_reader=False)
NORMAL_OUTCOME = Outcome(OutcomeKind.ROUTINE_RECALL)


def opened() -> Story:
    """A case that waits for its first read."""
    return Story(HUMAN).opened()


def differ() -> Story:
    """A case that owes a third decision."""
    return Story(HUMAN).concluded(["N", "R4"])


def agree() -> Story:
    """A concluded case."""
    return Story(HUMAN).concluded(["N", "N"])


def _claimed_by(author: ev.Author) -> Story:
    story = opened()
    return story.admit(ev.ReadClaimed(author, story.now + timedelta(minutes=30)))


REFUSED: dict[str, tuple[type[errors.SecondReadError], Callable[[], object]]] = {
    "opening twice": (
        errors.EventNotAllowed,
        lambda: (
            Story(HUMAN).opened(images_complete=False).admit(ev.CaseOpened(StudyInstanceUid("1.2"), EpisodeId("e")))
        ),
    ),
    "pinning another policy": (errors.EventNotAllowed, lambda: opened().admit(ev.PolicyPinned("masai", "1", "d"))),
    "a second read by one person": (errors.ReaderNotIndependent, lambda: opened().read(ANNA, "N").read(ANNA, "N", "x")),
    "a second account of one person": (
        errors.ReaderNotIndependent,
        lambda: opened().read(ANNA, "N").read(ANNA_AGAIN, "R4"),
    ),
    "claiming a case already read": (
        errors.ReaderNotIndependent,
        lambda: (s := opened().read(ANNA, "N")).admit(ev.ReadClaimed(ANNA_AGAIN, s.now + timedelta(minutes=30))),
    ),
    "claiming a claimed case": (
        errors.CaseClaimed,
        lambda: (s := _claimed_by(ANNA)).admit(ev.ReadClaimed(BRAM, s.now + timedelta(minutes=30))),
    ),
    "reading a claimed case": (errors.CaseClaimed, lambda: _claimed_by(ANNA).read(BRAM, "N")),
    "a third read nobody owes": (
        errors.EventNotAllowed,
        lambda: opened().read(ANNA, "N").read(BRAM, "N").read(CARO, "R4"),
    ),
    "the same read id again": (errors.EventNotAllowed, lambda: opened().read(ANNA, "N", "x").read(BRAM, "N", "x")),
    "correcting the read of another": (
        errors.EventNotAllowed,
        lambda: opened().read(ANNA, "N").read(BRAM, "R4", replaces="anna"),
    ),
    "correcting a final read": (
        errors.ReadFinal,
        lambda: opened().read(ANNA, "N").windows_closed().read(ANNA, "R4", "x", replaces="anna"),
    ),
    "finalising a read that is not there": (
        errors.EventNotAllowed,
        lambda: opened().read(ANNA, "N").admit(ev.ReadFinalised(ReadId("nowhere"), ANNA)),
    ),
    "closing the correction window of another": (
        errors.EventNotAllowed,
        lambda: opened().read(ANNA, "N").admit(ev.ReadFinalised(ReadId("anna"), BRAM)),
    ),
    "closing a correction window as nobody": (
        errors.EventNotAllowed,
        lambda: opened().read(ANNA, "N").admit(ev.ReadFinalised(ReadId("anna"))),
    ),
    "closing the window of a decision that others made": (
        errors.EventNotAllowed,
        lambda: differ().arbitrated("N", CARO).admit(ev.ReadFinalised(ReadId("third"), ANNA)),
    ),
    "settling late images that never came": (
        errors.EventNotAllowed,
        lambda: agree().admit(ev.LateImagesResolved("looked at")),
    ),
    "settling late images without a word": (
        errors.EventNotAllowed,
        lambda: agree().admit(ev.LateImagesReceived(1), ev.LateImagesResolved(" ")),
    ),
    "releasing with an image that nobody looked into": (
        errors.CaseHeld,
        lambda: agree().admit(ev.LateImagesReceived(1), ev.OutcomeReleased(NORMAL_OUTCOME)),
    ),
    "withdrawing a read that is not there": (
        errors.EventNotAllowed,
        lambda: opened().read(ANNA, "N").admit(ev.ReadWithdrawn(ReadId("nowhere"), "why")),
    ),
    "arbitrating a concordant case": (errors.EventNotAllowed, lambda: agree().arbitrated("N")),
    "arbitrating the own read": (errors.ReaderNotIndependent, lambda: differ().arbitrated("N", ANNA)),
    "a panel of the two readers": (errors.ReaderNotIndependent, lambda: differ().arbitrated("N", ANNA, BRAM)),
    "a panel of one reader under two accounts": (
        errors.ReaderNotIndependent,
        lambda: differ().arbitrated("N", ANNA, ANNA_AGAIN),
    ),
    "arbitration by nobody": (
        errors.EventNotAllowed,
        lambda: (s := differ()).admit(ev.ArbitrationClaimed((), s.now + timedelta(minutes=30))),
    ),
    "a reader on a panel where that is not allowed": (
        errors.ReaderNotIndependent,
        lambda: Story(SOLO_ONLY).concluded(["N", "R4"]).arbitrated("N", CARO, ANNA),
    ),
    "an arbitration somebody else has claimed": (
        errors.CaseClaimed,
        lambda: (
            (s := differ()).admit(ev.ArbitrationClaimed((CARO,), s.now + timedelta(minutes=30))).arbitrated("N", DAAN)
        ),
    ),
    "a category that is no category here": (errors.CategoryNotAllowed, lambda: opened().read(ANNA, "R6")),
    "a decision with a category that is none here": (errors.CategoryNotAllowed, lambda: differ().arbitrated("R6")),
    "releasing a case on hold": (
        errors.CaseHeld,
        lambda: agree().admit(ev.Held(ev.HoldKind.IDENTITY_QUERY, "?"), ev.OutcomeReleased(NORMAL_OUTCOME)),
    ),
    "releasing another outcome": (
        errors.EventNotAllowed,
        lambda: agree().admit(ev.OutcomeReleased(Outcome(OutcomeKind.TECHNICAL_RECALL))),
    ),
    "releasing before the reads are final": (
        errors.EventNotAllowed,
        lambda: opened().read(ANNA, "N").read(BRAM, "N").admit(ev.OutcomeReleased(NORMAL_OUTCOME)),
    ),
    "releasing twice": (errors.EventNotAllowed, lambda: agree().released().admit(ev.OutcomeReleased(NORMAL_OUTCOME))),
    "withdrawing a released case": (
        errors.EventNotAllowed,
        lambda: agree().released().admit(ev.CaseWithdrawn("too late")),
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_by_its_name(what: str) -> None:
    error, attempt = REFUSED[what]
    with pytest.raises(error) as refusal:
        attempt()
    assert refusal.type is error


def test_a_panel_of_one_reader_and_somebody_new_may_decide() -> None:
    assert differ().arbitrated("N", ANNA, CARO).windows_closed().state() is CaseState.CONCLUDED


def test_an_expired_lease_binds_nobody() -> None:
    assert _claimed_by(ANNA).later(minutes=31).read(BRAM, "N").state() is CaseState.AWAITING_SECOND_READ


def test_a_withdrawn_case_takes_no_more_reads() -> None:
    story = opened().admit(ev.CaseWithdrawn("examined elsewhere"))
    with pytest.raises(errors.EventNotAllowed):
        story.read(ANNA, "N")


def test_messages_name_no_person() -> None:
    with pytest.raises(errors.ReaderNotIndependent) as refusal:
        opened().read(ANNA, "N").read(ANNA_AGAIN, "N")
    assert not any(word in str(refusal.value) for word in ("anna", "REG"))


def test_the_own_correction_window_is_closed_under_any_own_account() -> None:
    story = opened().read(ANNA, "N").read(BRAM, "N")
    story.admit(ev.ReadFinalised(ReadId("anna"), ANNA_AGAIN), ev.ReadFinalised(ReadId("bram"), BRAM))
    assert story.state() is CaseState.CONCLUDED


def test_any_member_of_a_panel_closes_the_window_of_its_decision() -> None:
    story = differ().arbitrated("N", CARO, DAAN).admit(ev.ReadFinalised(ReadId("third"), DAAN))
    assert story.state() is CaseState.CONCLUDED


def test_late_images_are_named_when_they_stop_a_release() -> None:
    story = agree().admit(ev.LateImagesReceived(2))
    assert not story.status.releasable
    with pytest.raises(errors.CaseHeld, match="late_images"):
        story.released()
    assert story.admit(ev.LateImagesResolved("same views again, nothing new")).status.releasable
    assert story.released().status.review == ()


@pytest.mark.parametrize("replaces", ["", "anna"])
def test_a_reader_who_tries_again_does_not_learn_that_the_case_was_arbitrated(replaces: str) -> None:
    told = set()
    for story in (agree(), differ(), differ().arbitrated("N", CARO), differ().arbitrated("N", CARO).windows_closed()):
        with pytest.raises(errors.EventNotAllowed) as refusal:
            story.read(ANNA, "R4", "again", replaces)
        told.add(str(refusal.value))
    assert told == {NO_READ}

"""Blinding and authorship through the use cases: recorded for the person, whatever the account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from screening.app.compose import Service
from screening.app.demo.clock import PlayedClock
from screening.app.terminal import housekeep
from screening.domain import errors
from screening.domain import events as ev
from screening.domain.identifiers import CaseId, ReadId, StudyInstanceUid
from screening.domain.opinion import NORMAL, Opinion
from screening.domain.policy import Field, Role
from screening.store.documents import read_fact
from screening.workflow.amend_case import amend_case
from screening.workflow.arbitrate import Arbitrate, arbitrate
from screening.workflow.finalise import finalise_read
from screening.workflow.recorded_case import load, record
from screening.workflow.release import release
from screening.workflow.submit_read import SubmitRead, submit_read
from screening.workflow.view_case import view_case
from tests.domain.story import ANNA, ANNA_AGAIN, BRAM, CARO, DAAN, opinion, score
from tests.services import make_service, open_plain_case
from tests.store.samples import ai_read


@pytest.fixture(params=["double-human"])
def service(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Service]:
    made = make_service(tmp_path, policy=request.param)
    yield made
    made.close()


@pytest.fixture
def case(service: Service) -> CaseId:
    return open_plain_case(service)


def scored(service: Service, case: CaseId, value: int) -> None:
    """AI answered; what its stored read says is beside the point here."""
    fact = score(value)
    kept = replace(ai_read(), study_instance_uid=StudyInstanceUid("1.2.840.1"))
    with service.units() as uow:
        uow.ai_reads.save(fact.run, case, kept, service.clock.now())
        record(uow, load(uow, case), fact, "ai", service.clock.now())


def looked(service: Service, case: CaseId, author: ev.Author, role: Role = Role.READER) -> frozenset[Field]:
    """A person opens the case."""
    with service.units() as uow:
        return frozenset(view_case(uow, service.clock, case, role, author).shown)


def said(service: Service, case: CaseId, author: ev.Author, words: Opinion = NORMAL) -> ev.ReadRecorded:
    """A person reads."""
    with service.units() as uow:
        return submit_read(uow, service.clock, service.ids, SubmitRead(case, author, words))


def discordant(service: Service, case: CaseId) -> None:
    """Two reads that differ, final."""
    said(service, case, ANNA)
    said(service, case, BRAM, opinion("R4"))
    close_windows(service)


def close_windows(service: Service) -> None:
    """Correction windows elapse and are recorded."""
    assert isinstance(service.clock, PlayedClock)
    service.clock.advance(timedelta(minutes=61))
    housekeep(service)


def decided(service: Service, case: CaseId, *authors: ev.Author) -> ev.ArbitrationDecided:
    """The third decision."""
    with service.units() as uow:
        return arbitrate(uow, service.clock, service.ids, Arbitrate(case, authors, NORMAL, "superposition"))


@pytest.mark.parametrize("service", ["masai"], indirect=True)
def test_who_saw_the_score_under_one_account_reads_unblinded_under_the_other(service: Service, case: CaseId) -> None:
    scored(service, case, 10)
    assert Field.AI_SCORE in looked(service, case, ANNA)
    assert said(service, case, ANNA_AGAIN).blind is False
    assert said(service, case, BRAM).blind is True


@pytest.mark.parametrize("service", ["masai"], indirect=True)
def test_a_reveal_is_recorded_once_per_person(service: Service, case: CaseId) -> None:
    scored(service, case, 10)
    for author in (ANNA, ANNA, ANNA_AGAIN):
        looked(service, case, author)
    with service.units() as uow:
        revealed = [event.fact for event in uow.cases.events(case) if isinstance(event.fact, ev.ResultRevealed)]
    assert [(fact.reader, fact.registration) for fact in revealed] == [(ANNA.reader, ANNA.registration)]


def test_a_decision_keeps_what_its_authors_were_shown(service: Service, case: CaseId) -> None:
    discordant(service, case)
    looked(service, case, DAAN, Role.ARBITER)
    fact = decided(service, case, CARO, DAAN)
    assert fact.shown == (Field.OTHER_READS,)
    assert fact.ai_disclosed is False


def test_a_decision_by_who_opened_nothing_says_that_nothing_was_shown(service: Service, case: CaseId) -> None:
    discordant(service, case)
    looked(service, case, DAAN, Role.ARBITER)
    assert decided(service, case, CARO).shown == ()


@pytest.mark.parametrize("service", ["double-human+ai"], indirect=True)
@pytest.mark.parametrize("look", [True, False])
def test_ai_is_disclosed_only_to_an_arbiter_who_looked(service: Service, case: CaseId, look: bool) -> None:
    scored(service, case, 3)
    discordant(service, case)
    if look:
        looked(service, case, CARO, Role.ARBITER)
    fact = decided(service, case, CARO)
    assert (fact.ai_disclosed, Field.AI_SCORE in fact.shown) == (look, look)


def test_only_the_reader_closes_the_own_window(service: Service, case: CaseId) -> None:
    read = said(service, case, ANNA).read
    with pytest.raises(errors.EventNotAllowed), service.units() as uow:
        finalise_read(uow, service.clock, case, read, BRAM)
    with service.units() as uow:
        finalise_read(uow, service.clock, case, read, ANNA_AGAIN)
        assert load(uow, case).facts.reads[0].final


def test_late_images_stop_the_release_until_a_person_looked_into_them(service: Service, case: CaseId) -> None:
    said(service, case, ANNA)
    with service.units() as uow:
        record(uow, load(uow, case), ev.LateImagesReceived(1), "intake", service.clock.now())
    said(service, case, BRAM)
    close_windows(service)
    with pytest.raises(errors.CaseHeld, match="late_images"), service.units() as uow:
        release(uow, service.clock, case, "programme")
    with service.units() as uow:
        amend_case(uow, service.clock, case, ev.LateImagesResolved("repeat of the left view"), "max")
        assert release(uow, service.clock, case, "programme").kind.value == "routine_recall"


def test_facts_stored_before_people_were_kept_are_still_read() -> None:
    revealed = read_fact("ResultRevealed", '{"reader": "anna", "fields": ["ai_score"]}')
    assert isinstance(revealed, ev.ResultRevealed)
    assert revealed.shown_to(ANNA)
    assert read_fact("ReadFinalised", '{"read": "r1"}') == ev.ReadFinalised(ReadId("r1"))

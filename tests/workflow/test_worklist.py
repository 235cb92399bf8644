"""A reader's worklist on a real store: what is owed to this reader, oldest first, and no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from screening.app.compose import Service
from screening.domain import events as ev
from screening.domain.identifiers import CaseId, StudyInstanceUid
from screening.domain.opinion import NORMAL
from screening.domain.policy import Field, Policy, Role
from screening.workflow.claim import claim_read
from screening.workflow.open_case import open_case
from screening.workflow.policies import policy_json
from screening.workflow.recorded_case import load, record
from screening.workflow.submit_read import SubmitRead, submit_read
from screening.workflow.view_case import view_case
from screening.workflow.worklist import reader_worklist
from tests.domain.story import ANNA, ANNA_AGAIN, BRAM, CARO, score
from tests.services import instances, make_service, open_plain_case


@pytest.fixture(params=["double-human"])
def service(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Service]:
    made = make_service(tmp_path, policy=request.param)
    yield made
    made.close()


def told(service: Service, author: ev.Author) -> list[tuple[CaseId, str]]:
    """Cases and tasks on the worklist of this person."""
    with service.units() as uow:
        return [(line.case, line.state.value) for line in reader_worklist(uow, service.clock, author)]


def noted(service: Service, case: CaseId, fact: ev.Fact) -> None:
    """Something is recorded about the case."""
    with service.units() as uow:
        record(uow, load(uow, case), fact, "test", service.clock.now())


def read(service: Service, case: CaseId, author: ev.Author) -> None:
    """A normal read."""
    with service.units() as uow:
        submit_read(uow, service.clock, service.ids, SubmitRead(case, author, NORMAL))


def test_the_oldest_case_comes_first_whoever_was_there_last(service: Service) -> None:
    old, new = open_plain_case(service), open_plain_case(service, "1.2.840.2", "ACC2")
    read(service, old, ANNA)
    assert told(service, BRAM) == [(old, "to_read"), (new, "to_read")]
    assert told(service, ANNA) == told(service, ANNA_AGAIN) == [(old, "read"), (new, "to_read")]


def test_a_case_that_two_others_have_read_asks_nobody(service: Service) -> None:
    case = open_plain_case(service)
    read(service, case, ANNA)
    read(service, case, BRAM)
    assert told(service, CARO) == []
    assert told(service, BRAM) == [(case, "read")]


def test_a_lease_of_somebody_else_changes_no_list(service: Service) -> None:
    case = open_plain_case(service)
    with service.units() as uow:
        claim_read(uow, service.clock, case, ANNA)
    assert told(service, BRAM) == [(case, "to_read")]


def test_a_withdrawn_case_is_on_no_list(service: Service) -> None:
    case = open_plain_case(service)
    read(service, case, ANNA)
    noted(service, case, ev.CaseWithdrawn("examined elsewhere"))
    assert told(service, ANNA) == told(service, BRAM) == []


@pytest.mark.parametrize("service", ["masai"], indirect=True)
def test_a_case_that_waits_for_ai_before_its_first_read_is_not_offered_yet(service: Service) -> None:
    case = open_plain_case(service)
    assert told(service, ANNA) == []
    noted(service, case, score(10))
    assert told(service, ANNA) == [(case, "to_read")]


@pytest.mark.parametrize("service", ["double-human+ai"], indirect=True)
@pytest.mark.parametrize("value", [1, 10])
def test_the_list_is_the_same_whatever_ai_says(service: Service, value: int) -> None:
    case = open_plain_case(service)
    before = told(service, BRAM)
    noted(service, case, score(value))
    assert told(service, BRAM) == before == [(case, "to_read")]


@pytest.mark.parametrize("value", [1, 10])
def test_a_third_reader_does_not_learn_that_ai_asked_for_an_extra_read(service: Service, value: int) -> None:
    case = under_extra_read(service)
    noted(service, case, score(value))
    read(service, case, ANNA)
    read(service, case, BRAM)
    assert told(service, CARO) == [(case, "to_read")]
    with service.units() as uow:
        view = view_case(uow, service.clock, case, Role.READER, CARO)
    assert (view.owes_read, view.state, view.shown) == (True, "to_read", (Field.PRIORS,))


def under_extra_read(service: Service) -> CaseId:
    """A case whose policy has a third person read what AI alone flags."""
    document = json.loads(policy_json("double-human+ai"))
    document |= {"id": "extra", "ai": document["ai"] | {"flag_action": "extra_read"}}
    policy = Policy.from_document(document)
    with service.units() as uow:
        uow.policies.save(policy, json.dumps(document))
        for instance in instances():
            uow.exams.register(instance, service.clock.now())
        case = open_case(uow, StudyInstanceUid("1.2.840.1"), policy, "unit-a", service.clock.now())
    assert case is not None
    return case

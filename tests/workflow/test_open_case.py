"""Opening cases on a real store: one per exam, pinned, idempotent, told about images that come late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from screening.app.compose import Service
from screening.app.demo.clock import PlayedClock
from screening.domain import events as ev
from screening.domain.identifiers import CaseId, FileDigest, Participant, PersonId, ReaderId, StudyInstanceUid
from screening.domain.opinion import NORMAL
from screening.domain.quality import ReasonCode
from screening.workflow.intake import Received
from screening.workflow.open_case import open_case, open_cases
from screening.workflow.ports import ReadInstance
from screening.workflow.recorded_case import load
from screening.workflow.submit_read import SubmitRead, submit_read
from tests.services import instances, make_service, open_plain_case
from tests.workflow.test_assemble import split, under

ANNE = ev.Author(ReaderId("anne"), "BIG1")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = make_service(tmp_path)
    yield made
    made.close()


def test_an_exam_split_over_study_uids_has_one_case_in_any_order_of_arrival(service: Service) -> None:
    """Even when the UID that names the exam arrives last."""
    cases = []
    for instance in reversed(split()):
        with service.units() as uow:
            uow.exams.register(instance, service.clock.now())
            uid = instance.header.study_instance_uid
            cases.append(open_case(uow, uid, service.policy, "unit-a", service.clock.now()))
    assert len(set(cases)) == 1
    with service.units() as uow:
        opened = load(uow, cases[0]).facts.opened if cases[0] else None
        assert opened is not None
        assert len(uow.exams.study(opened.study).images) == 4


def test_opening_again_records_nothing(service: Service) -> None:
    case = open_plain_case(service)
    with service.units() as uow:
        before = len(uow.cases.events(case))
    assert open_plain_case(service) == case
    with service.units() as uow:
        assert len(uow.cases.events(case)) == before


def register(service: Service, *found: ReadInstance) -> None:
    """Register these instances and bring their case up to date, as intake does."""
    received = []
    for instance in found:
        with service.units() as uow:
            result = uow.exams.register(instance, service.clock.now())
        uid = instance.header.study_instance_uid
        received.append(Received("x.dcm", instance.content.digest, uid, result, None))
    open_cases(service.units, service.clock, received, service.policy, "unit-a")


def read_normal(service: Service, case: CaseId) -> None:
    with service.units() as uow:
        submit_read(uow, service.clock, service.ids, SubmitRead(case, ANNE, NORMAL))


def case_of(service: Service) -> CaseId:
    with service.units() as uow:
        (summary,) = uow.cases.list()
    return summary.case


def test_images_that_come_after_a_read_are_recorded_once_however_often_intake_runs(service: Service) -> None:
    first, *late = instances()
    register(service, first)
    case = case_of(service)
    read_normal(service, case)
    pass_time(service)
    for _again in range(2):
        register(service, *late)
    with service.units() as uow:
        assert load(uow, case).facts.late_images == 3


def test_a_notice_that_a_kill_prevented_is_made_up_for(service: Service) -> None:
    """Registered, then killed before the case was told: the next intake finds every instance known."""
    first, *late = instances()
    register(service, first)
    case = case_of(service)
    read_normal(service, case)
    pass_time(service)
    for instance in late:
        with service.units() as uow:
            uow.exams.register(instance, service.clock.now())
    register(service, *late)
    with service.units() as uow:
        assert load(uow, case).facts.late_images == 3


def test_a_second_woman_in_the_study_holds_its_case(service: Service) -> None:
    first, second, *_others = instances()
    register(service, first)
    case = case_of(service)
    register(service, of_another_woman(second))
    with service.units() as uow:
        status = load(uow, case).status(service.clock.now())
    assert status.holds == (ev.HoldKind.QUARANTINED,)
    assert not status.releasable


def test_women_without_a_patient_id_are_never_one_woman(service: Service) -> None:
    nobody = [
        without_patient_id(instance, study) for study in ("1.2.840.7", "1.2.840.8") for instance in instances(study)
    ]
    register(service, *nobody)
    with service.units() as uow:
        assert len(uow.cases.list()) == 2
        study = uow.exams.study(StudyInstanceUid("1.2.840.7"))
        assert len(study.images) == 4
        assert uow.exams.latest_prior(study) is None


def test_two_women_with_the_same_accession_number_have_episodes_of_their_own(service: Service) -> None:
    mine, hers = instances("1.2.840.7")[0], of_another_woman(instances("1.2.840.8")[0])
    register(service, mine, hers)
    with service.units() as uow:
        episodes = {summary.episode for summary in uow.cases.list()}
    assert len(episodes) == 2


def test_a_quarantined_duplicate_stops_no_other_case(service: Service) -> None:
    """A known SOP UID under another study UID, in one batch with a good exam."""
    known = instances("1.2.840.7")[0]
    register(service, known)
    stray = under(replace(known, content=replace(known.content, digest=FileDigest("f" * 64))), "1.2.840.9")
    register(service, stray, *instances("1.2.840.8", accession="ACC8"))
    with service.units() as uow:
        assert len(uow.cases.list()) == 2
        assert [reason for _digest, reason, _study in uow.exams.quarantined()] == [ReasonCode.DUPLICATE_DIFFERS]


def pass_time(service: Service) -> None:
    assert isinstance(service.clock, PlayedClock)
    service.clock.advance(timedelta(minutes=5))


def of_another_woman(instance: ReadInstance) -> ReadInstance:
    person = PersonId("TEST", "someone-else")
    participant = replace(instance.header.participant, person=person)
    return replace(instance, header=replace(instance.header, participant=participant))


def without_patient_id(instance: ReadInstance, study: str) -> ReadInstance:
    header = replace(instance.header, participant=Participant(PersonId("", "")))
    return under(replace(instance, header=header), study)

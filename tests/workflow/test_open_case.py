"""Opening cases on a real store: one per exam, pinned, idempotent, told about images that come late."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from screening.app.compose import Service
from screening.domain import events as ev
from screening.domain.identifiers import ReaderId, StudyInstanceUid
from screening.domain.opinion import NORMAL
from screening.workflow.open_case import open_case
from screening.workflow.recorded_case import load
from screening.workflow.submit_read import SubmitRead, submit_read
from tests.services import make_service, open_plain_case
from tests.workflow.test_assemble import split

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
            cases.append(open_case(uow, uid, service.policy, "unit-a", service.clock.now(), new_images=1))
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


def test_images_that_come_after_a_read_are_recorded(service: Service) -> None:
    case = open_plain_case(service)
    with service.units() as uow:
        submit_read(uow, service.clock, service.ids, SubmitRead(case, ANNE, NORMAL))
    with service.units() as uow:
        open_case(uow, StudyInstanceUid("1.2.840.1"), service.policy, "unit-a", service.clock.now(), new_images=2)
        assert load(uow, case).facts.late_images == 2

"""Exams that trickle in: taken up once, after the quiet period or the longest wait, whatever comes late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.app.compose import Service
from screening.app.demo.clock import PlayedClock
from screening.workflow.await_exam import Patience, await_exam, take_up_due
from screening.workflow.ports import ReadInstance
from tests.services import instances, make_service
from tests.workflow.test_assemble import split

PATIENCE = Patience(timedelta(seconds=60), timedelta(minutes=10))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = make_service(tmp_path)
    yield made
    made.close()


def arrive(service: Service, instance: ReadInstance, patience: Patience = PATIENCE) -> None:
    with service.units() as uow:
        at = service.clock.now()
        await_exam(uow, instance, uow.exams.register(instance, at), "unit-a", patience, at)


def wait(service: Service, seconds: float) -> None:
    assert isinstance(service.clock, PlayedClock)
    service.clock.advance(timedelta(seconds=seconds))


def take_up(service: Service) -> int:
    return len(take_up_due(service.units, service.clock, service.policy))


def test_an_exam_is_taken_up_when_no_image_came_for_the_quiet_period(service: Service) -> None:
    for instance in instances():
        arrive(service, instance)
        assert take_up(service) == 0
        wait(service, 59)
    assert take_up(service) == 0
    wait(service, 1)
    assert take_up(service) == 1
    assert take_up(service) == 0


def test_an_exam_never_waits_longer_than_the_longest_wait(service: Service) -> None:
    impatient = Patience(PATIENCE.quiet, timedelta(seconds=170))
    for instance in instances():
        arrive(service, instance, impatient)
        wait(service, 50)
    assert take_up(service) == 1


def test_an_exam_waits_for_its_prior_but_not_for_ever(service: Service) -> None:
    asking = Patience(PATIENCE.quiet, PATIENCE.longest, ask_archives=True)
    for instance in instances():
        arrive(service, instance, asking)
    wait(service, 9 * 60)
    assert take_up(service) == 0
    wait(service, 60)
    assert take_up(service) == 1


def test_an_old_study_that_arrives_is_a_prior_and_opens_no_case(service: Service) -> None:
    for instance in instances():
        arrive(service, replace(instance, header=replace(instance.header, study_date=date(2025, 1, 5))))
    wait(service, 24 * 3600)
    assert take_up(service) == 0


def test_images_with_a_study_uid_each_wait_as_one_exam_and_open_one_case(service: Service) -> None:
    for instance in split():
        arrive(service, instance)
        wait(service, 40)
    wait(service, 20)
    assert take_up(service) == 1
    with service.units() as uow:
        (case,) = uow.cases.list()
        assert len(uow.exams.study(case.study).images) == 4


def test_a_known_image_sent_again_does_not_keep_the_exam_waiting(service: Service) -> None:
    first, *_rest = instances()
    arrive(service, first)
    wait(service, 59)
    arrive(service, first)
    wait(service, 1)
    assert take_up(service) == 1


def test_a_late_image_is_taken_up_into_the_same_case(service: Service) -> None:
    *early, late = instances()
    for instance in early:
        arrive(service, instance)
    wait(service, 60)
    assert take_up(service) == 1
    arrive(service, late)
    wait(service, 60)
    assert take_up(service) == 1
    with service.units() as uow:
        assert len(uow.cases.list()) == 1


@given(gaps=st.lists(st.floats(0, 300), min_size=4, max_size=4))
@settings(max_examples=25, deadline=None)
def test_whatever_the_gaps_one_case_has_every_image(
    tmp_path_factory: pytest.TempPathFactory, gaps: list[float]
) -> None:
    service = make_service(tmp_path_factory.mktemp("store"))
    for gap, instance in zip(gaps, instances(), strict=True):
        arrive(service, instance)
        wait(service, gap)
        take_up(service)
    wait(service, 60)
    take_up(service)
    with service.units() as uow:
        (case,) = uow.cases.list()
        assert len(uow.exams.study(case.study).images) == 4
        assert uow.awaited.due(service.clock.now() + timedelta(days=1), 10) == []
    service.close()

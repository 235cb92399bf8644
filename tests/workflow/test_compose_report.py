"""What a report says of each breast: nothing of one that no image shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from screening.app.compose import Service
from screening.app.demo.clock import PlayedClock
from screening.app.terminal import housekeep
from screening.domain.identifiers import CaseId, StudyInstanceUid
from screening.domain.opinion import NORMAL, BiRads, BreastOpinion, Opinion, OpinionKind
from screening.domain.report import StructuredReport
from screening.domain.study import Image, ImageKind, Laterality
from screening.workflow.compose_report import compose_report
from screening.workflow.open_case import open_case
from screening.workflow.ports import ReadInstance
from screening.workflow.release import release
from screening.workflow.submit_read import SubmitRead, submit_read
from tests.domain.story import ANNA, BRAM, opinion
from tests.services import instances, make_service

R, L = Laterality.RIGHT, Laterality.LEFT


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = make_service(tmp_path)
    yield made
    made.close()


def side(instance: ReadInstance) -> Laterality | None:
    """The breast this instance shows."""
    assert isinstance(instance.content, Image)
    return instance.content.laterality


def as_kind(instance: ReadInstance, kind: ImageKind) -> ReadInstance:
    """The same view as another kind of image."""
    assert isinstance(instance.content, Image)
    return replace(instance, content=replace(instance.content, kind=kind))


def reported(service: Service, received: list[ReadInstance], said: Opinion = NORMAL) -> StructuredReport:
    """The report of an exam of these images, on which two readers said the same."""
    case = opened(service, received)
    for author in (ANNA, BRAM):
        with service.units() as uow:
            submit_read(uow, service.clock, service.ids, SubmitRead(case, author, said))
    assert isinstance(service.clock, PlayedClock)
    service.clock.advance(timedelta(minutes=61))
    housekeep(service)
    with service.units() as uow:
        release(uow, service.clock, case, "programme")
        return compose_report(uow, case, "unit-a")


def opened(service: Service, received: list[ReadInstance]) -> CaseId:
    """The case of these images."""
    with service.units() as uow:
        for instance in received:
            uow.exams.register(instance, service.clock.now())
        case = open_case(uow, StudyInstanceUid("1.2.840.1"), service.policy, "unit-a", service.clock.now())
    assert case is not None
    return case


def test_both_breasts_are_negative_when_both_were_imaged(service: Service) -> None:
    report = reported(service, instances())
    assert [(b.laterality, b.category) for b in report.breasts] == [(R, BiRads.NEGATIVE), (L, BiRads.NEGATIVE)]


def test_a_breast_without_an_image_is_not_called_negative(service: Service) -> None:
    report = reported(service, [instance for instance in instances() if side(instance) is L])
    assert [(b.laterality, b.category) for b in report.breasts] == [(L, BiRads.NEGATIVE)]
    assert report.breast(R) is None


@pytest.mark.parametrize(
    ("kind", "told"),
    [(ImageKind.SPECIMEN, False), (ImageKind.QUALITY_CONTROL, False), (ImageKind.DBT, True), (ImageKind.FILM, True)],
)
def test_only_an_image_that_people_read_lets_a_breast_be_negative(
    service: Service, kind: ImageKind, told: bool
) -> None:
    received = [as_kind(item, kind) if side(item) is R else item for item in instances()]
    assert (reported(service, received).breast(R) is not None) is told


def test_what_the_readers_said_of_a_breast_stands(service: Service) -> None:
    left = [instance for instance in instances() if side(instance) is L]
    assert reported(service, left, opinion("R4")).breast(R) == BreastOpinion(R, BiRads.SUSPICIOUS)


def test_a_benign_category_that_a_reader_gave_is_kept(service: Service) -> None:
    benign = Opinion(OpinionKind.NORMAL, (BreastOpinion(R, BiRads.BENIGN),))
    report = reported(service, instances(), benign)
    assert [(b.laterality, b.category) for b in report.breasts] == [(R, BiRads.BENIGN), (L, BiRads.NEGATIVE)]

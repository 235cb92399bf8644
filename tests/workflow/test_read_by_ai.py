"""AI reads a case: once per image set, never after an objection, never an exam of two women."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from screening.app.compose import Service
from screening.domain import events as ev
from screening.domain.ai_read import AiIdentity, AiRead, AiStatus, SlotFill
from screening.domain.identifiers import CaseId
from screening.domain.quality import ReasonCode
from screening.domain.study import Study
from screening.workflow.amend_case import amend_case
from screening.workflow.ports import PixelSource
from screening.workflow.read_by_ai import read_by_ai, refused_read, run_id
from screening.workflow.recorded_case import load
from tests.readers.ai.studies import Pictures
from tests.services import instances, make_service
from tests.workflow.test_open_case import case_of, of_another_woman, register

IDENTITY = AiIdentity("net", "1", "w", "crop", "p", "torch", "f32", "torch 2", "phantom-trained")


class CountingReader:
    """An AI reader that refuses every exam as incomplete and counts its reads."""

    identity = IDENTITY

    def __init__(self) -> None:
        self.reads = 0

    def read(self, study: Study, pixels: PixelSource, site: str, prior: Study | None = None) -> AiRead:
        """A refusal that lists the images it saw."""
        self.reads += 1
        refusal = refused_read(study, AiStatus.UNSUPPORTED, ReasonCode.VIEWS_MISSING)
        slots = tuple(SlotFill(i.slot, i.sop_instance_uid) for i in study.images if i.slot is not None)
        return replace(refusal, identity=IDENTITY, slots=slots, excluded=(), input_digests=(str(len(slots)),))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = make_service(tmp_path, policy="double-human+ai")
    yield made
    made.close()


def ai_facts(service: Service, case: CaseId) -> list[ev.Fact]:
    with service.units() as uow:
        return [e.fact for e in load(uow, case).events if isinstance(e.fact, ev.AiScored | ev.AiRefused)]


def work(service: Service, reader: CountingReader, case: CaseId) -> None:
    read_by_ai(service.units, reader, Pictures(), service.clock, case)


def test_a_job_that_runs_twice_leaves_one_read(service: Service) -> None:
    register(service, *instances())
    case, reader = case_of(service), CountingReader()
    for _again in range(2):
        work(service, reader, case)
    assert (reader.reads, len(ai_facts(service, case))) == (1, 1)


def test_images_that_arrive_one_at_a_time_are_read_again_together(service: Service) -> None:
    reader = CountingReader()
    for instance in instances():
        register(service, instance)
        work(service, reader, case_of(service))
    assert reader.reads == 4
    case = case_of(service)
    with service.units() as uow:
        facts = load(uow, case).facts
        assert facts.ai is not None
        assert facts.ai.run is not None
        assert len(uow.ai_reads.get(facts.ai.run).slots) == 4
        assert facts.late_images == 0  # nobody had read the incomplete exam


def test_an_objection_means_no_inference(service: Service) -> None:
    register(service, *instances())
    case, reader = case_of(service), CountingReader()
    with service.units() as uow:
        amend_case(uow, service.clock, case, ev.ObjectionRecorded(ev.Objection.NO_AI), "desk")
    work(service, reader, case)
    (fact,) = ai_facts(service, case)
    assert reader.reads == 0
    assert isinstance(fact, ev.AiRefused)
    assert fact.status is AiStatus.OBJECTED


def test_an_exam_of_two_women_is_not_read(service: Service) -> None:
    first, second, *_others = instances()
    register(service, first)
    register(service, of_another_woman(second))
    case, reader = case_of(service), CountingReader()
    work(service, reader, case)
    (fact,) = ai_facts(service, case)
    assert reader.reads == 0
    assert isinstance(fact, ev.AiRefused)
    assert fact.reasons == (ReasonCode.TWO_PATIENTS,)


class VolumeReader(CountingReader):
    """A reader of two models whose reads are signed by the second."""

    def read(self, study: Study, pixels: PixelSource, site: str, prior: Study | None = None) -> AiRead:
        """A refusal signed by the model for volumes."""
        refusal = super().read(study, pixels, site, prior)
        return replace(refusal, identity=replace(IDENTITY, model="net-dbt"))


def test_a_read_is_recorded_under_the_model_that_made_it(service: Service) -> None:
    register(service, *instances())
    case = case_of(service)
    work(service, VolumeReader(), case)
    with service.units() as uow:
        (event,) = [e for e in load(uow, case).events if isinstance(e.fact, ev.AiRefused)]
    assert event.actor == "net-dbt@1"
    assert isinstance(event.fact, ev.AiRefused)
    assert event.fact.product == "net-dbt@1"


def test_a_read_that_was_compared_with_another_prior_is_another_run(service: Service) -> None:
    register(service, *instances())
    case = case_of(service)
    with service.units() as uow:
        facts = load(uow, case).facts
        assert facts.opened is not None
        study = uow.exams.study(facts.opened.study)
    read = CountingReader().read(study, Pictures(), "unit-a")
    compared = [replace(read, prior_digests=digests) for digests in ((), ("a",), ("b",), ("a", "b"))]
    assert len({run_id(case, one) for one in compared}) == 4
    moved = replace(read, input_digests=(*read.input_digests, "a"))
    assert run_id(case, moved) != run_id(case, compared[1])

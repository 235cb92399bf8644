"""What the store says of the work, on both databases: counts, latest times, and which exam something belongs to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from screening.domain.delivery import Delivery, DeliveryState
from screening.domain.events import CaseWithdrawn
from screening.domain.identifiers import CaseId, Participant, StudyInstanceUid
from screening.domain.selftest import PASSED, SELFTEST
from screening.domain.study import exam_id
from screening.domain.vitals import JobCount, JobState, Steps
from screening.store.runner import JobRunner
from screening.store.uow import SqlUnits
from screening.store.vitals import SqlVitals
from screening.workflow.open_case import open_case
from screening.workflow.policies import policy_json, shipped_policies
from tests.services import START, header, instances

POLICY = shipped_policies()["double-human+ai"]
OWN = "1.2.840.7"


def opened(units: SqlUnits, study: str = "1.2.840.1", nobody: bool = False, at: datetime = START) -> CaseId:
    """An exam with four views and its case."""
    with units() as uow:
        uow.policies.save(POLICY, policy_json(POLICY.id))
        for instance in instances(study, f"A{study}"):
            own = replace(instance.header, participant=Participant(SELFTEST))
            uow.exams.register(replace(instance, header=own) if nobody else instance, at)
        case = open_case(uow, StudyInstanceUid(study), POLICY, "unit-a", at)
    assert case is not None
    return case


def test_an_empty_store_has_done_nothing(units: SqlUnits, engine: Engine) -> None:
    taken = SqlVitals(engine).take()
    assert not any(taken.cases.values())
    assert (taken.awaited, taken.jobs, taken.oldest_job_at, taken.recorded_at) == (0, (), None, None)
    assert taken.live == taken.selftest == Steps()


def test_womens_cases_are_counted_and_the_services_own_are_not(units: SqlUnits, engine: Engine) -> None:
    opened(units)
    own = opened(units, OWN, nobody=True, at=START + timedelta(minutes=5))
    taken = SqlVitals(engine).take()
    assert sum(taken.cases.values()) == 1
    assert taken.live.received_at == START
    assert taken.selftest == Steps(received_at=START + timedelta(minutes=5))
    with units() as uow:
        at = START + timedelta(minutes=7)
        uow.cases.append(own, len(uow.cases.events(own)), PASSED, at, [CaseWithdrawn("self-test")])
    assert SqlVitals(engine).take().selftest.read_at == at


def test_jobs_are_counted_by_name_and_state(units: SqlUnits, engine: Engine) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    with units() as uow:
        uow.jobs.enqueue("read", "read:1", "1.2.3", "case-1")
        uow.jobs.enqueue("send", "send:1", "1.2.4", "case-2")
        uow.jobs.enqueue("send", "send:2", "1.2.4", "case-2", delay_s=3600)
    taken = SqlVitals(engine).take()
    assert set(taken.jobs) == {
        JobCount("read", JobState.WAITING, 1),
        JobCount("send", JobState.WAITING, 1),
        JobCount("send", JobState.DELAYED, 1),
    }
    assert taken.oldest_job_at is not None
    assert before < taken.oldest_job_at < datetime.now(UTC) + timedelta(seconds=1)
    JobRunner(engine, {"read": print}, poll_s=0.05).run_until_idle(2)
    after = SqlVitals(engine).take()
    assert JobCount("send", JobState.PARKED, 1) in after.jobs
    assert after.jobs_in(JobState.WAITING) == 0


def test_a_delivery_that_waits_is_seen_until_it_is_sent(units: SqlUnits, engine: Engine) -> None:
    case = opened(units)
    waiting = Delivery("run-1", "pacs", case, transaction_uid="2.25.9")
    with units() as uow:
        assert uow.deliveries.begin(waiting, START)
    vitals = SqlVitals(engine)
    assert vitals.take().oldest_delivery_at == START
    assert vitals.deliveries() == {("pacs", "waiting"): 1}
    assert vitals.exam_of_commitment("2.25.9") == exam_id(header(accession="A1.2.840.1"))
    assert vitals.exam_of_commitment("2.25.10") is None
    with units() as uow:
        uow.deliveries.update(replace(waiting, state=DeliveryState.SENT), START + timedelta(hours=1))
    taken = vitals.take()
    assert (taken.oldest_delivery_at, taken.live.delivered_at) == (None, START + timedelta(hours=1))


def test_every_study_leads_to_its_exam_and_first_image(units: SqlUnits, engine: Engine) -> None:
    opened(units)
    opened(units, OWN, nobody=True)
    vitals = SqlVitals(engine)
    assert vitals.exam_of("1.2.840.1") == exam_id(header(accession="A1.2.840.1"))
    assert vitals.exam_of("9.9") is None
    assert vitals.first_image_at("1.2.840.1") == START
    assert vitals.first_image_at(OWN) is None

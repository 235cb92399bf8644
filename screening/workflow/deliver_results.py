"""Bring the result of an AI read to every PACS that wants it: planned in a transaction, sent outside of any.

A delivery is one run for one destination. It is tried until the destination has it, patiently while it cannot be
reached, and parks for a person when it refuses. Sending again is harmless: the same run makes the same objects.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from screening.domain.commitment import CommitmentResult
from screening.domain.delivery import (
    COMMITMENT_WAIT,
    Delivery,
    DeliveryState,
    Destination,
    goes_to,
    may_leave,
    wait_before,
)
from screening.domain.identifiers import CaseId, StudyInstanceUid, minted_uid
from screening.domain.selftest import is_selftest
from screening.workflow.ports import Clock, ResultSender, UnitOfWork, UnitOfWorkFactory
from screening.workflow.recorded_case import load

PLAN_JOB = "plan_deliveries"
SEND_JOB = "send_result"
CHECK_JOB = "check_commitment"
NOT_COMMITTED = "not_committed"


def ask_for_delivery(uow: UnitOfWork, study: StudyInstanceUid, case: CaseId, occasion: str) -> None:
    """Have the deliveries of a case planned, in the transaction of what makes them due; once per occasion."""
    uow.jobs.enqueue(PLAN_JOB, f"{PLAN_JOB}:{case}:{occasion}", study, case)


def plan_deliveries(
    uow: UnitOfWork, clock: Clock, study: StudyInstanceUid, case: CaseId, destinations: Iterable[Destination]
) -> int:
    """Begin a delivery of the case's latest AI run to every destination that is due one; returns how many began.

    A self-test of this service goes nowhere.
    """
    recorded = load(uow, case)
    facts = recorded.facts
    run = facts.ai.run if facts.ai is not None else None
    if run is None or facts.opened is None or not may_leave(recorded.policy, facts):
        return 0
    episode = uow.exams.episode(facts.opened.episode)
    if is_selftest(episode.person):
        return 0
    due = [destination for destination in destinations if goes_to(destination, facts, episode.unit)]
    begun = [d for d in due if uow.deliveries.begin(Delivery(run, d.name, case), clock.now())]
    for destination in begun:
        _enqueue(uow, study, run, destination.name, attempt=0)
    return len(begun)


def send_result(
    units: UnitOfWorkFactory, clock: Clock, sender: ResultSender, destination: Destination, run: str, attempt: int
) -> None:
    """Send one run to one destination and record it; what is committed there, or tried again since, is left alone.

    Raises PartnerUnreachable, upon which `put_off` is due, and PartnerRefused for a person to see.
    """
    with units() as uow:
        delivery = uow.deliveries.get(run, destination.name)
        if delivery.state is DeliveryState.COMMITTED or delivery.attempt > attempt:
            return
        transaction = minted_uid("commitment", run, destination.name, str(attempt)) if destination.commitment else ""
        uow.deliveries.update(replace(delivery, attempt=attempt, transaction_uid=transaction), clock.now())
        read, facts = uow.ai_reads.get(run), load(uow, delivery.case).facts
        study = uow.exams.study(read.study_instance_uid)
    sender.send(destination, study, read, facts.ai_at or clock.now(), transaction)
    with units() as uow:
        delivery = uow.deliveries.get(run, destination.name)
        if delivery.state is not DeliveryState.COMMITTED:
            uow.deliveries.update(replace(delivery, state=DeliveryState.SENT, reason=""), clock.now())
        if transaction:
            _check(uow, study.study_instance_uid, delivery, COMMITMENT_WAIT.total_seconds())


def put_off(uow: UnitOfWork, clock: Clock, run: str, destination: str, code: str) -> bool:
    """Try again later, because the destination could not be reached; False when it was tried long enough."""
    delivery = uow.deliveries.get(run, destination)
    wait = wait_before(delivery.attempt + 1)
    uow.deliveries.update(replace(delivery, reason=code), clock.now())
    if wait is None:
        return False
    _enqueue(uow, _study(uow, run), run, destination, delivery.attempt + 1, wait.total_seconds())
    return True


def note_commitment(uow: UnitOfWork, clock: Clock, result: CommitmentResult) -> None:
    """Record what a destination answered to our storage commitment; what it does not keep is sent once more.

    Raises NotFound for a transaction that is not our latest one of a delivery.
    """
    delivery = uow.deliveries.of_transaction(result.transaction_uid)
    if delivery.state is DeliveryState.COMMITTED:
        return
    state, reason = (DeliveryState.SENT, NOT_COMMITTED) if result.failed else (DeliveryState.COMMITTED, "")
    uow.deliveries.update(replace(delivery, state=state, reason=reason), clock.now())
    if result.failed:
        _check(uow, _study(uow, delivery.run), delivery, 0.0)


def check_commitment(uow: UnitOfWork, clock: Clock, run: str, destination: str, attempt: int) -> bool:
    """Send once more what was not committed in time; False when that was done often enough and a person is told."""
    delivery = uow.deliveries.get(run, destination)
    if delivery.state is DeliveryState.COMMITTED or delivery.attempt > attempt:
        return True
    uow.deliveries.update(replace(delivery, reason=NOT_COMMITTED), clock.now())
    wait = wait_before(attempt + 1)
    if wait is None:
        return False
    _enqueue(uow, _study(uow, run), run, destination, attempt + 1, wait.total_seconds())
    return True


def _study(uow: UnitOfWork, run: str) -> StudyInstanceUid:
    return uow.ai_reads.get(run).study_instance_uid


def _enqueue(
    uow: UnitOfWork, study: StudyInstanceUid, run: str, destination: str, attempt: int, delay_s: float = 0.0
) -> None:
    key = f"{SEND_JOB}:{run}:{destination}:{attempt}"
    uow.jobs.enqueue(SEND_JOB, key, study, run, destination, str(attempt), delay_s=delay_s)


def _check(uow: UnitOfWork, study: StudyInstanceUid, delivery: Delivery, delay_s: float) -> None:
    """Look after the commitment of this attempt: now, when it was denied, or when its time is up."""
    key = f"{CHECK_JOB}:{delivery.run}:{delivery.destination}:{delivery.attempt}:{int(delay_s)}"
    ids = study, delivery.run, delivery.destination, str(delivery.attempt)
    uow.jobs.enqueue(CHECK_JOB, key, *ids, delay_s=delay_s)

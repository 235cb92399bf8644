"""Cases are their events; the summary row and the ledger never disagree with them."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from screening.domain import errors
from screening.domain import events as ev
from screening.domain.case import CaseState
from screening.domain.identifiers import CaseId, StudyInstanceUid
from screening.store.uow import SqlUnits
from screening.workflow.policies import DEFAULT_POLICY, policy_json
from tests.domain.story import ANNA, BRAM, Story, score
from tests.store.samples import CASE, NOW, STUDY, open_case, opening, policy


def test_events_come_back_in_order_with_time_and_actor(units: SqlUnits) -> None:
    open_case(units)
    with units() as uow:
        held = uow.cases.append(CASE, 2, "manager", NOW + timedelta(hours=1), [ev.Held(ev.HoldKind.DEFERRED, "why")])
    with units() as uow:
        events = uow.cases.events(CASE)
    assert [event.fact for event in events] == [*opening(), ev.Held(ev.HoldKind.DEFERRED, "why")]
    assert [event.sequence for event in events] == [1, 2, 3]
    assert events[2:] == held
    assert (events[2].at, events[2].actor) == (NOW + timedelta(hours=1), "manager")


def test_the_summary_follows_the_events_of_a_whole_reading(units: SqlUnits) -> None:
    story = Story(policy()).concluded(["N", "N"], score(3)).released()
    states = []
    with units() as uow:
        uow.policies.save(policy(), policy_json(DEFAULT_POLICY))
    for event in story.events:
        with units() as uow:
            uow.cases.append(event.case, event.sequence - 1, event.actor, event.at, [event.fact])
            (summary,) = uow.cases.list()
            states.append(summary.state)
    assert states[0] is CaseState.AWAITING_IMAGES
    assert states[-1] is CaseState.RELEASED
    assert (summary.policy_id, summary.policy_version) == (policy().id, policy().version)
    assert (summary.opened_at, summary.updated_at) == (story.events[0].at, story.events[-1].at)


def test_an_append_after_an_old_event_number_is_refused(units: SqlUnits) -> None:
    open_case(units)
    with units() as uow, pytest.raises(errors.ConcurrentUpdate):
        uow.cases.append(CASE, 1, "late", NOW, [ev.LateImagesReceived(1)])
    with units() as uow, pytest.raises(errors.ConcurrentUpdate):
        uow.cases.append(CASE, 0, "twice", NOW, opening())
    with units() as uow:
        assert len(uow.cases.events(CASE)) == 2
        uow.ledger.verify()


def test_of_many_writers_at_the_same_event_exactly_one_wins(units: SqlUnits) -> None:
    open_case(units)
    start, results = Barrier(4), list[str]()

    def write(reader: str) -> None:
        start.wait()
        try:
            with units() as uow:
                uow.cases.append(CASE, 2, reader, NOW, [ev.ResultRevealed(ANNA.reader, ())])
        except errors.ConcurrentUpdate:
            results.append("refused")
        else:
            results.append("stored")

    threads = [Thread(target=write, args=(f"reader-{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["refused"] * 3 + ["stored"]
    with units() as uow:
        assert len(uow.cases.events(CASE)) == 3
        uow.ledger.verify()


def test_cases_are_listed_by_state_oldest_first_and_found_by_study(units: SqlUnits) -> None:
    open_case(units, CaseId("case-b"))
    open_case(units, CaseId("case-a"))
    with units() as uow:
        uow.cases.append(CaseId("case-b"), 2, "manager", NOW, [ev.CaseWithdrawn("moved away")])
        uow.cases.append(CaseId("case-z"), 0, "test", NOW, opening(StudyInstanceUid("1.9")))
    with units() as uow:
        assert [line.case for line in uow.cases.list()] == ["case-b", "case-a", "case-z"]
        assert [line.case for line in uow.cases.list([CaseState.WITHDRAWN])] == ["case-b"]
        assert [line.case for line in uow.cases.list([CaseState.AWAITING_FIRST_READ])] == ["case-a", "case-z"]
        assert uow.cases.of_study(STUDY) == "case-a"
        assert uow.cases.of_study(StudyInstanceUid("9.9")) is None


def test_a_case_begins_with_case_opened(units: SqlUnits) -> None:
    with units() as uow, pytest.raises(errors.EventNotAllowed):
        uow.cases.append(CASE, 0, "test", NOW, [ev.ImagesCompleted()])
    with units() as uow, pytest.raises(errors.CaseNotFound):
        uow.cases.append(CASE, 5, "test", NOW, [ev.ImagesCompleted()])
    with units() as uow, pytest.raises(errors.CaseNotFound):
        uow.cases.events(CASE)


def test_a_policy_with_other_bytes_than_those_pinned_is_not_used(units: SqlUnits) -> None:
    forged = ev.PolicyPinned(policy().id, policy().version, "0" * 64)
    with units() as uow:
        uow.policies.save(policy(), policy_json(DEFAULT_POLICY))
    with units() as uow, pytest.raises(errors.Conflict):
        uow.cases.append(CASE, 0, "test", NOW, [opening()[0], forged])


def test_an_error_in_the_block_leaves_nothing_behind(units: SqlUnits) -> None:
    def fail() -> None:
        with units() as uow:
            uow.policies.save(policy(), policy_json(DEFAULT_POLICY))
            uow.cases.append(CASE, 0, "test", NOW, opening())
            uow.jobs.enqueue("ai_read", "ai_read:case-1", STUDY, CASE)
            raise RuntimeError("the caller failed")

    with pytest.raises(RuntimeError):
        fail()
    with units() as uow:
        assert uow.cases.list() == []
        assert uow.ledger.verify().sequence == 0
        with pytest.raises(errors.PolicyNotFound):
            uow.policies.get(policy().id, policy().version)


@pytest.mark.parametrize("statement", ["UPDATE {} SET actor = 'x'", "DELETE FROM {}"])
@pytest.mark.parametrize("table", ["case_events", "ledger"])
def test_the_database_itself_refuses_to_change_history(
    units: SqlUnits, engine: Engine, table: str, statement: str
) -> None:
    open_case(units)
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement.format(table)))


def test_a_finished_reading_of_two_people_counts_them_once_each(units: SqlUnits) -> None:
    story = Story(policy()).opened().read(ANNA, "R4").read(BRAM, "N")
    with units() as uow:
        uow.policies.save(policy(), policy_json(DEFAULT_POLICY))
        for event in story.events:
            uow.cases.append(event.case, event.sequence - 1, event.actor, event.at, [event.fact])
    with units() as uow:
        assert uow.cases.list()[0].state is CaseState.AWAITING_FINALISATION
        assert [e.fact for e in uow.cases.events(CASE)] == [e.fact for e in story.events]

"""Rescoring an archive: every exam once, nobody who objected, nothing of any case touched."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import Engine

from screening.app.demo.clock import CountedIds
from screening.domain import events as ev
from screening.domain.errors import NotFound
from screening.domain.identifiers import PersonId, StudyInstanceUid
from screening.store.jobs import bulk_jobs, open_view
from screening.store.uow import SqlUnits
from screening.workflow.rescore import take_up, withdraw_objected
from screening.workflow.rescore_values import ExamState, PlannedExam, Side
from tests.store.samples import CASE, NOW, STUDY, WOMAN, episode, image, open_case, received
from tests.workflow.rescored import IDENTITY, RUN, Scripted, exam, planned, work
from tests.workflow.scripted_reads import scripted_read

NEXT = replace(RUN, identity=replace(IDENTITY, version="3.0"), against=RUN.run)


def do_all(units: SqlUnits, reader: Scripted, run: str = RUN.run) -> None:
    with units() as uow:
        chunks = uow.rescoring.chunks(run)
    for chunk, _waits in chunks:
        work(units, reader).do(run, chunk)


def counts(units: SqlUnits, run: str = RUN.run) -> dict[ExamState, int]:
    with units() as uow:
        return dict(uow.rescoring.progress(run).counts)


def test_every_exam_is_read_once_however_often_its_chunk_is_done(units: SqlUnits) -> None:
    planned(units, [exam(n) for n in range(10)])
    reader = Scripted()
    do_all(units, reader)
    do_all(units, reader)
    assert Counter(reader.seen) == Counter(f"1.2.{n}" for n in range(10))
    with units() as uow:
        rows = [row for chunk, _ in uow.rescoring.chunks(RUN.run) for row in uow.rescoring.rows(RUN.run, chunk)]
        assert uow.ledger.verify().sequence == 0
        assert uow.cases.list() == []
    assert len({row.exam_key for row in rows}) == 10
    assert Counter(row.new.score for row in rows) == Counter([None, *range(1, 10)])
    assert {row.old for row in rows} == {Side()}


def test_exams_found_later_are_planned_beside_those_that_were(units: SqlUnits, engine: Engine) -> None:
    planned(units, [exam(n) for n in range(4)])
    planned(units, [exam(n) for n in range(6)])
    with units() as uow:
        assert uow.rescoring.chunks(RUN.run) == [(1, True), (2, True)]
        assert len(uow.rescoring.waiting(RUN.run, 2)) == 2
    assert len(bulk_jobs(open_view(engine), f"rescore:{RUN.run}:")) == 2


def test_a_chunk_that_is_stopped_enqueues_its_rest(units: SqlUnits, engine: Engine) -> None:
    planned(units, [exam(n) for n in range(4)])
    reader, left = Scripted(), iter([True, True, False])
    work(units, reader, lambda: next(left)).do(RUN.run, 1)
    assert len(reader.seen) == 2
    keys = [key for key, _parked in bulk_jobs(open_view(engine), f"rescore:{RUN.run}:1:")]
    assert len(keys) == 2
    do_all(units, reader)
    assert Counter(reader.seen) == Counter(f"1.2.{n}" for n in range(4))


@pytest.mark.parametrize(
    ("objection", "state"),
    [(ev.Objection.NO_AI, ExamState.NO_AI), (ev.Objection.NO_RESEARCH, ExamState.NO_RESEARCH)],
)
def test_nobody_who_objected_is_read(units: SqlUnits, objection: ev.Objection, state: ExamState) -> None:
    with units() as uow:
        uow.exams.save_episode(episode(objections=frozenset({objection})))
    hers = replace(exam(3), person=WOMAN.person)
    planned(units, [exam(1), exam(2), hers])
    reader = Scripted()
    do_all(units, reader)
    assert sorted(reader.seen) == ["1.2.1", "1.2.2"]
    assert counts(units) == {ExamState.DONE: 2, state: 1}


@pytest.mark.parametrize("issuer", ["", "HOSPITAL"])
def test_an_objection_holds_for_a_number_without_issuer_and_not_for_that_of_another_hospital(
    units: SqlUnits, issuer: str
) -> None:
    with units() as uow:
        uow.exams.save_episode(episode(objections=frozenset({ev.Objection.NO_AI})))
    mine = replace(exam(1), person=PersonId(issuer, WOMAN.person.value))
    other = replace(exam(2), person=PersonId("ELSEWHERE", WOMAN.person.value))
    planned(units, [mine, other])
    do_all(units, Scripted())
    assert counts(units) == {ExamState.NO_AI: 1, ExamState.DONE: 1}


def test_an_objection_to_sharing_alone_keeps_nobody_out(units: SqlUnits) -> None:
    with units() as uow:
        uow.exams.save_episode(episode(objections=frozenset({ev.Objection.NO_SHARING})))
    planned(units, [replace(exam(1), person=WOMAN.person)])
    do_all(units, Scripted())
    assert counts(units) == {ExamState.DONE: 1}


def test_the_row_of_a_woman_who_objects_later_goes(units: SqlUnits) -> None:
    with units() as uow:
        uow.exams.register(received(image()), NOW)
    open_case(units)
    planned(units, [exam(1), PlannedExam(STUDY, exam(3).files)])
    do_all(units, Scripted())
    with units() as uow:
        uow.cases.append(CASE, 2, "test", NOW, [ev.ObjectionRecorded(ev.Objection.NO_RESEARCH)])
    with units() as uow:
        assert withdraw_objected(uow, RUN.run) == 1
        assert withdraw_objected(uow, RUN.run) == 0
        assert uow.rescoring.row(RUN.run, STUDY) is None
    assert counts(units) == {ExamState.DONE: 1, ExamState.NO_RESEARCH: 1}


def test_an_earlier_run_is_the_old_side_and_keys_agree_between_runs(units: SqlUnits) -> None:
    exams = [exam(n) for n in range(1, 5)]
    planned(units, exams)
    do_all(units, Scripted())
    planned(units, [*exams, exam(9)], run=NEXT)
    do_all(units, Scripted(NEXT.identity), NEXT.run)
    with units() as uow:
        before, after = (
            {row.exam_key: row for chunk, _ in uow.rescoring.chunks(run) for row in uow.rescoring.rows(run, chunk)}
            for run in (RUN.run, NEXT.run)
        )
    assert before.keys() < after.keys()
    assert {key: after[key].old for key in before} == {key: row.new for key, row in before.items()}
    assert [row.old for key, row in after.items() if key not in before] == [Side()]


def test_an_exam_of_the_store_is_compared_with_its_latest_read(units: SqlUnits) -> None:
    with units() as uow:
        uow.exams.register(received(image()), NOW)
        uow.exams.register(received(image("1.2.9.1", StudyInstanceUid("1.2.9")), day=None), NOW)
        old = scripted_read(STUDY, IDENTITY)
        uow.ai_reads.save("run-1", None, old, NOW)
        found = list(uow.rescoring.stored_exams())
    assert [(item.study, item.person) for item in found] == [(STUDY, WOMAN.person), ("1.2.9", WOMAN.person)]
    planned(units, found)
    do_all(units, Scripted(NEXT.identity))
    with units() as uow:
        row = uow.rescoring.row(RUN.run, STUDY)
    assert row is not None
    assert (row.old.product, row.old.score, row.new.product) == ("scripted@2.0", old.exam_score, "scripted@3.0")


def test_a_chunk_without_a_job_is_taken_up_and_one_with_a_job_is_not(units: SqlUnits, engine: Engine) -> None:
    planned(units, [exam(n) for n in range(8)])
    with units() as uow:
        assert take_up(uow, RUN.run, CountedIds(), lambda _chunk: True) == 0
        assert take_up(uow, RUN.run, CountedIds(), lambda chunk: chunk == 1) == 1
    assert len(bulk_jobs(open_view(engine), f"rescore:{RUN.run}:2:")) == 2


def test_an_unknown_run_is_not_found(units: SqlUnits) -> None:
    with pytest.raises(NotFound):
        work(units, Scripted()).do("rescore-none", 1)
    with units() as uow, pytest.raises(NotFound):
        uow.rescoring.begun_at("rescore-none")


@pytest.mark.parametrize(("with_case", "unit", "has_prior"), [(True, "Unit 9", False), (False, "unit-a", True)])
def test_prior_and_unit_are_those_of_the_case_where_there_is_one(
    units: SqlUnits, with_case: bool, unit: str, has_prior: bool
) -> None:
    earlier = StudyInstanceUid("1.2.7")
    with units() as uow:
        uow.exams.register(received(image()), NOW)
        uow.exams.register(received(image("1.2.7.1", earlier), day=date(2024, 3, 2)), NOW)
        uow.exams.save_episode(replace(episode(), unit="Unit 9"))
    if with_case:
        open_case(units)
    planned(units, [PlannedExam(STUDY)])
    reader = Scripted()
    do_all(units, reader)
    (order,) = reader.orders
    assert (order.site, order.prior is not None) == (unit, has_prior)
    assert order.study is not None


def test_an_exam_that_left_the_store_is_still_answered_for(units: SqlUnits) -> None:
    planned(units, [PlannedExam(STUDY)])
    reader = Scripted()
    do_all(units, reader)
    assert [order.study for order in reader.orders] == [None]

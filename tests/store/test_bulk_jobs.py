"""Bulk work waits behind everything live, is taken over from the dead, and ends early when its worker stops."""

from __future__ import annotations

import threading

from sqlalchemy import Engine

from screening.store.jobs import bulk_jobs, open_view, parked_jobs, retry_parked, unfinished_jobs
from screening.store.runner import JobRunner, give_way
from screening.store.uow import SqlUnits

CHUNKS, PIECES = 100, 3


def test_a_live_job_enqueued_behind_a_hundred_chunks_is_done_next(units: SqlUnits, engine: Engine) -> None:
    order = list[str]()
    begun, enqueued, enough = threading.Event(), threading.Event(), threading.Event()

    def rescore(chunk: str) -> None:
        for piece in range(PIECES):
            if not give_way():
                return
            order.append(f"{chunk}.{piece}")
            begun.set()
            assert enqueued.wait(20)
            if len(order) > 2 * PIECES:
                enough.set()

    with units() as uow:
        for number in range(CHUNKS):
            uow.jobs.enqueue_bulk("rescore", f"rescore:{number}", str(number))
    runner = JobRunner(engine, {"read": lambda _study: order.append("live")}, bulk={"rescore": rescore}, poll_s=0.02)
    runner.start()
    try:
        assert begun.wait(20)
        with units() as uow:
            uow.jobs.enqueue("read", "read:1", "1.2.3")
        enqueued.set()
        assert enough.wait(30)
    finally:
        runner.stop()
    assert order[:3] == ["0.0", "live", "0.1"]


def test_bulk_jobs_are_left_to_workers_that_have_handlers_for_them(units: SqlUnits, engine: Engine) -> None:
    with units() as uow:
        uow.jobs.enqueue_bulk("rescore", "rescore:run:1", "run", "1")
        uow.jobs.enqueue("read", "read:1", "1.2.3")
    assert JobRunner(engine, {"read": lambda _study: None}, poll_s=0.02).run_until_idle(30).done == 1
    view = open_view(engine)
    assert (bulk_jobs(view, "rescore:run:"), unfinished_jobs(view)) == ([("rescore:run:1", False)], 0)
    assert bulk_jobs(view, "rescore:other:") == []


def test_a_parked_bulk_job_goes_back_into_its_own_queue(units: SqlUnits, engine: Engine) -> None:
    failed, done = threading.Event(), threading.Event()

    def fail(_run: str, _chunk: str) -> None:
        failed.set()
        raise ValueError("broken")

    with units() as uow:
        uow.jobs.enqueue_bulk("rescore", "rescore:run:1", "run", "1")
    runner = JobRunner(engine, {}, bulk={"rescore": fail}, poll_s=0.02)
    runner.start()
    assert failed.wait(20)
    runner.stop()
    view = open_view(engine)
    assert [job.ids for job in parked_jobs(view)] == [("run", "1")]
    retry_parked(view, "rescore:run:1")
    again = JobRunner(engine, {}, bulk={"rescore": lambda *_ids: done.set()}, poll_s=0.02)
    again.start()
    assert done.wait(20)
    again.stop()
    assert bulk_jobs(view, "rescore:") == []


def test_a_bulk_job_is_told_when_its_worker_stops(units: SqlUnits, engine: Engine) -> None:
    told, begun = list[bool](), threading.Event()

    def rescore(_chunk: str) -> None:
        begun.set()
        while give_way():
            pass
        told.append(False)

    with units() as uow:
        uow.jobs.enqueue_bulk("rescore", "rescore:1", "1")
    runner = JobRunner(engine, {}, bulk={"rescore": rescore}, poll_s=0.02)
    runner.start()
    assert begun.wait(20)
    runner.stop(20)
    assert told == [False]
    assert give_way()

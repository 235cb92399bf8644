"""Accepted work is done, one job of a study at a time, or parked where a person sees why."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import OperationalError

from screening.domain import errors
from screening.store.engine import open_engine
from screening.store.job_retries import RETRY_OR_PARK, OnFailure, Retries, on_failure
from screening.store.jobs import QUEUE, forget_done, open_client, open_view, parked_jobs, unfinished_jobs
from screening.store.liveness import MAX_TAKEOVERS, take_over, try_lock
from screening.store.runner import JobCounts, JobRunner
from screening.store.uow import SqlUnits
from tests.store.samples import STUDY, WOMAN

QUICK = Retries(attempts=3, first_wait_s=0.01)


class Handlers:
    """Handlers that remember what they were called with."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, ...]] = []

    def note(self, *ids: str) -> None:
        self.calls.append(ids)


def run(engine: Engine, **handlers: Callable[..., None]) -> JobCounts:
    return JobRunner(engine, handlers, retries=QUICK, poll_s=0.05).run_until_idle(30)


def enqueue(units: SqlUnits, *jobs: tuple[str, ...]) -> None:
    with units() as uow:
        for name, key, *ids in jobs:
            uow.jobs.enqueue(name, key, *ids)


def test_jobs_are_done_once_per_key_with_their_ids(units: SqlUnits, engine: Engine) -> None:
    done = Handlers()
    enqueue(units, ("read", "read:1", STUDY, "case-1"), ("read", "read:1", STUDY, "case-1"))
    enqueue(units, ("read", "read:1", STUDY, "case-1"), ("read", "read:2", "1.9", "case-2"))
    assert run(engine, read=done.note) == JobCounts(done=2, parked=0, unfinished=0)
    enqueue(units, ("read", "read:1", STUDY, "case-1"))
    assert run(engine, read=done.note) == JobCounts(done=0, parked=0, unfinished=0)
    assert sorted(done.calls) == [(STUDY, "case-1"), ("1.9", "case-2")]


def test_a_job_of_a_rolled_back_transaction_never_runs(units: SqlUnits, engine: Engine) -> None:
    def fail() -> None:
        with units() as uow:
            uow.jobs.enqueue("read", "read:1", STUDY)
            raise RuntimeError("the caller failed")

    with pytest.raises(RuntimeError):
        fail()
    done = Handlers()
    assert run(engine, read=done.note) == JobCounts(0, 0, 0)
    assert done.calls == []


def test_jobs_of_one_study_never_overlap_and_keep_their_order(units: SqlUnits, engine: Engine) -> None:
    inside, overlaps, order = Counter[str](), list[str](), list[tuple[str, str]]()
    together = threading.Barrier(2, timeout=20)
    guard = threading.Lock()

    def handle(study: str, number: str) -> None:
        with guard:
            inside[study] += 1
            overlaps.extend([study] * (inside[study] > 1))
            order.append((study, number))
        together.wait()  # both studies are always at work at once
        with guard:
            inside[study] -= 1

    enqueue(units, *(("read", f"read:{study}:{n}", study, str(n)) for n in range(4) for study in ("1.1", "1.2")))
    assert run(engine, read=handle) == JobCounts(8, 0, 0)
    assert overlaps == []
    for study in ("1.1", "1.2"):
        assert [number for of, number in order if of == study] == ["0", "1", "2", "3"]


def test_a_handler_may_enqueue_the_next_job(units: SqlUnits, engine: Engine) -> None:
    done = Handlers()
    enqueue(units, ("first", "first", STUDY))
    counts = run(engine, first=lambda study: enqueue(units, ("second", "second", study)), second=done.note)
    assert counts == JobCounts(2, 0, 0)
    assert done.calls == [(STUDY,)]


def test_a_passing_failure_is_tried_again(units: SqlUnits, engine: Engine) -> None:
    calls = Handlers()

    def fail_twice(study: str) -> None:
        calls.note(study)
        if len(calls.calls) < 3:
            raise errors.StoreUnavailable("busy")

    enqueue(units, ("read", "read:1", STUDY))
    assert run(engine, read=fail_twice) == JobCounts(1, 0, 0)
    assert len(calls.calls) == 3


@pytest.mark.parametrize(
    ("error", "reason", "attempts"),
    [
        (errors.CaseHeld("held"), "case_held", 1),
        (errors.ConcurrentUpdate("always"), "concurrent_update", 3),
        (errors.UnusableImage("no_breast"), "unusable_image", 1),
        (KeyError(WOMAN.family), "internal_error", 1),
    ],
)
def test_a_failing_job_is_parked_with_its_code_and_nothing_else(
    units: SqlUnits,
    engine: Engine,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    error: Exception,
    reason: str,
    attempts: int,
) -> None:
    calls, done = Handlers(), Handlers()

    def fail(*ids: str) -> None:
        calls.note(*ids)
        raise error

    enqueue(units, ("read", "read:1", STUDY, "case-1"), ("fine", "fine", STUDY))
    with caplog.at_level(logging.DEBUG):
        assert run(engine, read=fail, fine=done.note) == JobCounts(done=1, parked=1, unfinished=0)
    assert (len(calls.calls), len(done.calls)) == (attempts, 1)
    runner = JobRunner(engine, {})
    (parked,) = runner.parked_jobs()
    assert (parked.key, parked.name, parked.ids, parked.reason) == ("read:1", "read", (STUDY, "case-1"), reason)
    assert WOMAN.family not in caplog.text + "".join(capfd.readouterr()) + everything_stored(engine)


def test_a_parked_job_runs_again_when_asked(units: SqlUnits, engine: Engine) -> None:
    done = Handlers()
    enqueue(units, ("read", "read:1", STUDY))
    assert run(engine).parked == 1
    runner = JobRunner(engine, {"read": done.note})
    runner.retry_parked("read:1")
    assert runner.run_until_idle(30) == JobCounts(1, 0, 0)
    assert done.calls == [(STUDY,)]
    with pytest.raises(errors.NotFound):
        JobRunner(engine, {}).retry_parked("read:1")


def test_what_is_not_finished_in_time_stays_for_the_next_run(units: SqlUnits, engine: Engine) -> None:
    enqueue(units, ("read", "read:1", STUDY), ("read", "read:2", STUDY))
    assert JobRunner(engine, {}, poll_s=60).run_until_idle(0.1) == JobCounts(0, 0, 2)
    done = Handlers()
    assert run(engine, read=done.note).done == 2


def test_records_of_done_jobs_are_forgotten_and_those_of_others_kept(units: SqlUnits, engine: Engine) -> None:
    done = Handlers()
    enqueue(units, ("read", "read:1", STUDY), ("unknown", "unknown:1", STUDY))
    run(engine, read=done.note)
    enqueue(units, ("read", "read:2", STUDY))
    client = open_client(engine)
    now = datetime.now(UTC)
    assert forget_done(client, now - timedelta(hours=1), ["read"]) == 0
    assert forget_done(client, now + timedelta(hours=1), ["other"]) == 0
    assert forget_done(client, now + timedelta(hours=1), []) == 0
    assert forget_done(client, now + timedelta(hours=1), ["read"]) == 1
    assert (unfinished_jobs(client), [job.key for job in parked_jobs(client)]) == (1, ["unknown:1"])


def test_jobs_can_be_looked_at_while_a_unit_of_work_is_open(units: SqlUnits, engine: Engine) -> None:
    enqueue(units, ("read", "read:1", STUDY))
    client = open_view(engine)
    with units() as uow:
        uow.jobs.enqueue("read", "read:2", STUDY)
        assert unfinished_jobs(client) == 1
        assert parked_jobs(client) == []
    assert unfinished_jobs(client) == 2


def test_only_one_runner_works_in_a_process(engine: Engine) -> None:
    first = JobRunner(engine, {})
    first.start()
    started = first.alive
    with pytest.raises(errors.Conflict):
        JobRunner(engine, {}).start()
    first.stop()
    first.stop()
    assert (started, first.alive) == (True, False)
    second = JobRunner(engine, {})
    second.start()
    second.stop()


def test_a_job_still_running_when_its_worker_stops_is_nobody_elses(units: SqlUnits, engine: Engine) -> None:
    started, finish, pause = threading.Event(), threading.Event(), threading.Event()

    def hang(_study: str) -> None:
        started.set()
        finish.wait(20)

    enqueue(units, ("read", "read:1", STUDY))
    runner = JobRunner(engine, {"read": hang}, poll_s=0.05)
    runner.start()
    assert started.wait(20)
    runner.stop(0)
    client = open_client(engine)
    assert take_over(client, engine) == 0
    assert unfinished_jobs(client) == 1
    finish.set()
    soon = time.monotonic() + 20
    while not (taken := take_over(client, engine)) and time.monotonic() < soon:
        pause.wait(0.01)
    assert taken == 1


_START_AND_STOP = """
import sys, time
from screening.store.engine import open_engine
from screening.store.runner import JobRunner

engine = open_engine(sys.argv[1])
runner = JobRunner(engine, {"open_case": print})
before = time.monotonic()
runner.start()
took = time.monotonic() - before
runner.stop()
engine.dispose()
sys.exit(took > 3)
"""


def test_a_runner_starts_quickly_and_says_nothing(units: SqlUnits, url: str) -> None:
    enqueue(units, ("open_case", "open_case:1", STUDY))
    ended = subprocess.run([sys.executable, "-W", "error", "-c", _START_AND_STOP, url], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout in ("", f"{STUDY}\n")


def test_a_runner_that_cannot_start_leaves_room_for_the_next(tmp_path: Path, engine: Engine) -> None:
    empty = open_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(OperationalError, match="no such table"):
        JobRunner(empty, {}).start()
    empty.dispose()
    assert run(engine) == JobCounts(0, 0, 0)


@pytest.mark.parametrize("ids", [(), ("",), ("x" * 200,)])
def test_a_job_carries_ids_only(units: SqlUnits, ids: tuple[str, ...]) -> None:
    with units() as uow, pytest.raises(errors.InvalidInput):
        uow.jobs.enqueue("read", "read:1", *ids)


def test_every_error_is_retried_or_parked_on_purpose() -> None:
    assert set(RETRY_OR_PARK) == set(errors.all_errors())
    retried = {error for error, decision in RETRY_OR_PARK.items() if decision is OnFailure.RETRY}
    assert retried == {errors.ConcurrentUpdate, errors.StoreUnavailable}
    assert on_failure(ValueError("bug")) is OnFailure.PARK


def test_a_living_worker_keeps_its_lock(engine: Engine) -> None:
    held = try_lock(engine, "worker-a")
    assert held is not None
    assert held.still_held()
    assert try_lock(engine, "worker-a") is None
    held.release()
    again = try_lock(engine, "worker-a")
    assert again is not None
    again.release()


@pytest.fixture
def orphan(units: SqlUnits, engine: Engine) -> Callable[[], None]:
    """Makes job `read:1` look as if a worker that is dead now had been running it."""
    enqueue(units, ("read", "read:1", STUDY))
    schema = "dbos." if engine.dialect.name == "postgresql" else ""
    update = f"UPDATE {schema}workflow_status SET status = 'PENDING', executor_id = 'dead'"  # noqa: S608

    def orphaned() -> None:
        with engine.begin() as connection:
            connection.execute(text(update))

    orphaned()
    return orphaned


def test_the_job_of_a_dead_worker_is_taken_over_and_that_of_a_living_one_is_not(
    engine: Engine, orphan: Callable[[], None]
) -> None:
    client = open_client(engine)
    alive = try_lock(engine, "dead")
    assert alive is not None
    assert take_over(client, engine) == 0
    alive.release()
    assert take_over(client, engine) == 1
    client.destroy()
    done = Handlers()
    assert run(engine, read=done.note).done == 1


def test_a_job_that_kills_its_workers_is_parked_in_the_end(engine: Engine, orphan: Callable[[], None]) -> None:
    client = open_client(engine)
    for _ in range(MAX_TAKEOVERS):
        assert take_over(client, engine) == 1
        orphan()
    assert take_over(client, engine) == 0
    assert unfinished_jobs(client) == 0
    client.destroy()
    done = Handlers()
    runner = JobRunner(engine, {"read": done.note})
    assert [(job.key, job.reason) for job in runner.parked_jobs()] == [("read:1", "worker_died")]
    runner.retry_parked("read:1")
    assert runner.run_until_idle(30).done == 1


def everything_stored(engine: Engine) -> str:
    """Every value of every table, as one text."""
    schemas = [None, "dbos"] if engine.dialect.name == "postgresql" else [None]
    found = []
    with engine.begin() as connection:
        for schema in schemas:
            for table in inspect(connection).get_table_names(schema=schema):
                name = f"{schema}.{table}" if schema else table
                found += [repr(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name}")]  # noqa: S608
    assert any(QUEUE in row for row in found)
    return "\n".join(found)

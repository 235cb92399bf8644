"""Workers share the chunks of a run; one killed with -9 costs the exam it was reading, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest
from sqlalchemy import Engine

from screening.store.jobs import bulk_jobs, open_view, parked_jobs
from screening.store.uow import SqlUnits
from screening.workflow.rescore_values import ExamState
from tests.workflow.rescored import RUN, exam, planned

pytestmark = pytest.mark.slow

EXAMS, CHUNK, DONE_BEFORE_KILL = 40, 8, 11


def worker(url: str, stuck_after: int = -1) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.store.rescore_worker", url, str(stuck_after)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def killed(process: subprocess.Popen[str], after: int) -> list[str]:
    """Kill a worker once it began to read so many exams; returns those it read."""
    assert process.stdout is not None
    seen = [process.stdout.readline().strip() for _ in range(after)]
    process.kill()
    return [*seen, *process.communicate()[0].split()]


def told(process: subprocess.Popen[str]) -> list[str]:
    """What a worker read that came to its end."""
    read = process.communicate(timeout=120)[0].split()
    assert process.returncode == 0
    return read


def complete(units: SqlUnits, engine: Engine) -> None:
    """Every exam has its one row, and no job is left."""
    with units() as uow:
        assert uow.rescoring.progress(RUN.run).counts == {ExamState.DONE: EXAMS}
        rows = [row for chunk, _ in uow.rescoring.chunks(RUN.run) for row in uow.rescoring.rows(RUN.run, chunk)]
    assert len({row.exam_key for row in rows}) == EXAMS
    view = open_view(engine)
    assert (bulk_jobs(view, ""), parked_jobs(view)) == ([], [])
    view.destroy()


def test_the_next_worker_reads_only_what_a_killed_one_left(units: SqlUnits, engine: Engine, url: str) -> None:
    planned(units, [exam(n) for n in range(EXAMS)], CHUNK)
    before = killed(worker(url, DONE_BEFORE_KILL), DONE_BEFORE_KILL)
    with units() as uow:
        assert uow.rescoring.progress(RUN.run).finished >= DONE_BEFORE_KILL - 1
    after = told(worker(url))
    complete(units, engine)
    assert len(before) + len(after) <= EXAMS + 1


def test_workers_share_chunks_and_take_over_from_one_that_is_killed(units: SqlUnits, engine: Engine, url: str) -> None:
    planned(units, [exam(n) for n in range(EXAMS)], CHUNK)
    doomed = worker(url, DONE_BEFORE_KILL)
    assert doomed.stdout is not None
    first = doomed.stdout.readline().strip()
    others = [worker(url) for _ in range(2)]
    before = [first, *killed(doomed, 1)]
    after = [told(other) for other in others]
    complete(units, engine)
    read = Counter([*before, *after[0], *after[1]])
    assert read.keys() == {f"1.2.{n}" for n in range(EXAMS)}
    assert read.total() <= EXAMS + 1

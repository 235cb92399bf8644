"""A worker killed with -9 in the middle of a job: nothing is lost and nothing is done twice."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest
from sqlalchemy import Engine

from screening.store.jobs import open_view, parked_jobs, unfinished_jobs
from screening.store.uow import SqlUnits
from screening.workflow.policies import DEFAULT_POLICY, policy_json
from tests.store.samples import policy

JOBS = 24
DONE_BEFORE_KILL = 6


def worker(url: str, stuck_after: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.store.worker", url, str(stuck_after)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def killed_in_the_middle(url: str) -> list[str]:
    """Studies a worker had worked on when it was killed inside a job."""
    process = worker(url, DONE_BEFORE_KILL)
    assert process.stdout is not None
    seen = [process.stdout.readline().strip() for _ in range(DONE_BEFORE_KILL)]
    process.kill()
    rest = process.communicate()[0]
    return [*seen, *rest.split()]


def enqueue(units: SqlUnits) -> list[str]:
    studies = [f"1.2.{number}" for number in range(JOBS)]
    with units() as uow:
        uow.policies.save(policy(), policy_json(DEFAULT_POLICY))
        for study in studies:
            uow.jobs.enqueue("open_case", f"open_case:{study}", study)
    return studies


@pytest.mark.slow
def test_the_next_worker_finishes_what_a_killed_one_left(units: SqlUnits, engine: Engine, url: str) -> None:
    studies = enqueue(units)
    before = killed_in_the_middle(url)
    assert len(before) < JOBS
    client = open_view(engine)
    assert unfinished_jobs(client) >= JOBS - len(before)
    report = worker(url, -1).communicate(timeout=120)[0]
    assert "parked=0, unfinished=0" in report
    with units() as uow:
        assert Counter(line.study for line in uow.cases.list()) == Counter(studies)
        assert uow.ledger.verify().sequence == 2 * JOBS
    assert (unfinished_jobs(client), parked_jobs(client)) == (0, [])
    client.destroy()


@pytest.mark.slow
def test_a_worker_that_is_already_running_takes_over(units: SqlUnits, url: str) -> None:
    studies = enqueue(units)
    doomed = worker(url, DONE_BEFORE_KILL)
    assert doomed.stdout is not None
    first = doomed.stdout.readline()
    other = worker(url, -1)
    for _ in range(DONE_BEFORE_KILL - 1):
        if not doomed.stdout.readline():
            break
    doomed.kill()
    doomed.communicate()
    report = other.communicate(timeout=120)[0]
    assert first.strip() in studies
    assert "parked=0, unfinished=0" in report
    with units() as uow:
        assert Counter(line.study for line in uow.cases.list()) == Counter(studies)
        assert uow.ledger.verify().sequence == 2 * JOBS

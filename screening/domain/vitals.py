"""Whether the service does its work: judged from what really went through it, not from whether it answers.

Pure: what was counted and measured goes in, a verdict with reasons comes out. A reason makes the service fail, because
women's exams are not taken in or not read; a warning is something for a person to see to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final


class JobState(StrEnum):
    """Where a durable job that is not done stands; `delayed` ones wait for their time on purpose."""

    WAITING = "waiting"
    DELAYED = "delayed"
    RUNNING = "running"
    PARKED = "parked"


class Reason(StrEnum):
    """Why the service fails, or what a person should look at; each has a page in the runbook."""

    DATABASE_GONE = "database_gone"
    DISK_NEARLY_FULL = "disk_nearly_full"
    JOBS_STUCK = "jobs_stuck"
    SELFTEST_LATE = "selftest_late"
    CLOCK_WRONG = "clock_wrong"
    JOBS_PARKED = "jobs_parked"
    DELIVERIES_WAIT = "deliveries_wait"
    AI_REFUSES = "ai_refuses"


@dataclass(frozen=True)
class JobCount:
    """How many jobs of one name are in one state."""

    name: str
    state: JobState
    count: int


@dataclass(frozen=True)
class Steps:
    """When the latest object was registered, AI read recorded and result delivered; None before the first."""

    received_at: datetime | None = None
    read_at: datetime | None = None
    delivered_at: datetime | None = None


@dataclass(frozen=True)
class Vitals:
    """What the store says of the work; women's exams in `live`, the service's own exam in `selftest`.

    `recent_reads` and `recent_refusals` are AI's answers among the latest facts. `recorded_at` is the time of the
    latest entry of the ledger.
    """

    cases: Mapping[str, int]
    awaited: int = 0
    jobs: tuple[JobCount, ...] = ()
    oldest_job_at: datetime | None = None
    oldest_delivery_at: datetime | None = None
    live: Steps = Steps()
    selftest: Steps = Steps()
    recent_reads: int = 0
    recent_refusals: int = 0
    recorded_at: datetime | None = None

    def jobs_in(self, state: JobState) -> int:
        """How many jobs are in this state."""
        return sum(job.count for job in self.jobs if job.state is state)


@dataclass(frozen=True)
class Limits:
    """What is still well. `selftest` None: no self-test is expected."""

    spare_bytes: int = 2 << 30
    job_wait: timedelta = timedelta(minutes=15)
    delivery_wait: timedelta = timedelta(hours=1)
    selftest: timedelta | None = None
    refusals: int = 20
    clock: timedelta = timedelta(minutes=1)


@dataclass(frozen=True)
class Health:
    """The verdict: failing when there is a reason; warnings alone do not fail."""

    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...]

    @property
    def failing(self) -> bool:
        """Whether exams are not taken in or not read as they should be."""
        return bool(self.reasons)


FAILURES: Final = (Reason.DISK_NEARLY_FULL, Reason.JOBS_STUCK, Reason.SELFTEST_LATE, Reason.CLOCK_WRONG)
"""Reasons that make the service fail while its database answers."""


def judge(vitals: Vitals, limits: Limits, free_bytes: int, since: datetime, now: datetime) -> Health:
    """The health of a service that runs since `since`, with so much of its disk free.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 1, 5, 12, tzinfo=UTC)
    >>> judge(Vitals({}), Limits(), free_bytes=0, since=noon, now=noon).reasons
    (<Reason.DISK_NEARLY_FULL: 'disk_nearly_full'>,)
    """
    found = (*_of_machine(vitals, limits, free_bytes, now), *_of_work(vitals, limits, since, now))
    return Health(
        tuple(reason for reason in found if reason in FAILURES),
        tuple(reason for reason in found if reason not in FAILURES),
    )


def _of_machine(vitals: Vitals, limits: Limits, free_bytes: int, now: datetime) -> Iterator[Reason]:
    if free_bytes < limits.spare_bytes:
        yield Reason.DISK_NEARLY_FULL
    if vitals.recorded_at is not None and vitals.recorded_at > now + limits.clock:
        yield Reason.CLOCK_WRONG


def _of_work(vitals: Vitals, limits: Limits, since: datetime, now: datetime) -> Iterator[Reason]:
    if _older(vitals.oldest_job_at, limits.job_wait, now):
        yield Reason.JOBS_STUCK
    if limits.selftest is not None and _older(_latest(vitals.selftest.read_at, since), limits.selftest, now):
        yield Reason.SELFTEST_LATE
    if vitals.jobs_in(JobState.PARKED):
        yield Reason.JOBS_PARKED
    if _older(vitals.oldest_delivery_at, limits.delivery_wait, now):
        yield Reason.DELIVERIES_WAIT
    if not vitals.recent_reads and vitals.recent_refusals >= limits.refusals:
        yield Reason.AI_REFUSES


def _older(moment: datetime | None, limit: timedelta, now: datetime) -> bool:
    return moment is not None and now - moment > limit


def _latest(moment: datetime | None, since: datetime) -> datetime:
    """A service that has just been started owes no self-test yet."""
    return since if moment is None else max(moment, since)

"""Ask how the service is: what really went through it lately, judged against what is still well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from screening.domain.errors import StoreUnavailable
from screening.domain.vitals import JobState, Limits, Reason, Steps, Vitals, judge
from screening.workflow.ports import Clock
from screening.workflow.vitals_ports import VitalSigns


@dataclass(frozen=True)
class Checkup:
    """How the service is; `status` is `ok` or `failing`. No id and no person, counts and times only.

    `last` tells, for women's exams (`live`) and for the service's own (`selftest`), when the latest object was
    registered, read and delivered; a self-test is read when it went all the way. There are no counts without a
    database.
    """

    status: str
    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    disk_free_mib: int
    cases: Mapping[str, int]
    awaited: int
    jobs: Mapping[str, int]
    oldest_job_s: float | None
    last: Mapping[str, Steps]

    @property
    def failing(self) -> bool:
        """Whether a person is needed now."""
        return bool(self.reasons)


def check_up(signs: VitalSigns, limits: Limits, free_bytes: int, since: datetime, clock: Clock) -> Checkup:
    """The state of a service that runs since `since`; never raises: a database that is gone is an answer."""
    try:
        vitals = signs.take()
    except StoreUnavailable:
        return _without_database(free_bytes)
    now = clock.now()
    health = judge(vitals, limits, free_bytes, since, now)
    return Checkup(
        status="failing" if health.failing else "ok",
        reasons=health.reasons,
        warnings=health.warnings,
        disk_free_mib=free_bytes >> 20,
        cases=vitals.cases,
        awaited=vitals.awaited,
        jobs={state.value: vitals.jobs_in(state) for state in JobState},
        oldest_job_s=_age(vitals, now),
        last={"live": vitals.live, "selftest": vitals.selftest},
    )


def _without_database(free_bytes: int) -> Checkup:
    return Checkup(
        status="failing",
        reasons=(Reason.DATABASE_GONE,),
        warnings=(),
        disk_free_mib=free_bytes >> 20,
        cases={},
        awaited=0,
        jobs={},
        oldest_job_s=None,
        last={},
    )


def _age(vitals: Vitals, now: datetime) -> float | None:
    return None if vitals.oldest_job_at is None else max(0.0, (now - vitals.oldest_job_at).total_seconds())

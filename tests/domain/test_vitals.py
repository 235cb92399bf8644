"""When the service counts as failing, and what is only for a person to see to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from screening.domain.vitals import FAILURES, JobCount, JobState, Limits, Reason, Steps, Vitals, judge

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
WELL = Vitals({}, recorded_at=NOON)
LIMITS = Limits(spare_bytes=100, selftest=timedelta(minutes=45))
ROOM = 1000


def reasons(vitals: Vitals, free: int = ROOM, since: datetime = NOON, now: datetime = NOON) -> set[Reason]:
    health = judge(vitals, LIMITS, free, since, now)
    assert set(health.reasons) <= set(FAILURES)
    assert not set(health.warnings) & set(FAILURES)
    assert health.failing is bool(health.reasons)
    return {*health.reasons, *health.warnings}


def test_an_idle_service_that_was_just_started_is_well() -> None:
    assert reasons(WELL) == set()


def test_each_fault_has_its_own_reason() -> None:
    hour = NOON + timedelta(hours=1, seconds=1)
    assert reasons(WELL, free=99) == {Reason.DISK_NEARLY_FULL}
    assert reasons(replace(WELL, recorded_at=NOON + timedelta(minutes=2))) == {Reason.CLOCK_WRONG}
    assert reasons(replace(WELL, oldest_job_at=NOON - timedelta(minutes=16))) == {Reason.JOBS_STUCK}
    assert reasons(WELL, now=hour) == {Reason.SELFTEST_LATE}
    assert reasons(replace(WELL, selftest=Steps(read_at=hour)), now=hour) == set()
    assert reasons(replace(WELL, jobs=(JobCount("ai_read", JobState.PARKED, 1),))) == {Reason.JOBS_PARKED}
    assert reasons(replace(WELL, oldest_delivery_at=NOON), since=hour, now=hour) == {Reason.DELIVERIES_WAIT}
    assert reasons(replace(WELL, recent_refusals=20)) == {Reason.AI_REFUSES}
    assert reasons(replace(WELL, recent_refusals=19, recent_reads=1)) == set()


def test_where_no_self_test_is_expected_none_is_missed() -> None:
    assert not judge(WELL, Limits(spare_bytes=0), ROOM, NOON, NOON + timedelta(days=9)).reasons


@given(st.timedeltas(timedelta(0), timedelta(days=1)), st.timedeltas(timedelta(0), timedelta(days=1)))
def test_a_job_that_waits_longer_never_looks_better(one: timedelta, other: timedelta) -> None:
    first, second = (Reason.JOBS_STUCK in reasons(replace(WELL, oldest_job_at=NOON - t)) for t in sorted((one, other)))
    assert second or not first

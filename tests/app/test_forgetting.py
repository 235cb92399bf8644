"""Records of jobs done long ago go, and nothing is done twice for it."""

from __future__ import annotations

from pathlib import Path

from screening.app.compose import FORGETTABLE, Service
from screening.app.demo.clock import CountedIds, PlayedClock
from screening.app.settings import Settings
from screening.domain.identifiers import StudyInstanceUid
from screening.workflow.deliver_results import ask_for_delivery
from screening.workflow.open_case import AI_READ_JOB, open_case
from tests.app.test_correlation import ReaderOfAnything
from tests.services import START, open_plain_case

STUDY = StudyInstanceUid("1.2.840.1")
AT_ONCE_DAYS = 1e-9


def test_a_job_whose_key_was_forgotten_finds_that_all_is_done(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, policy="double-human+ai", job_retention_days=AT_ONCE_DAYS)
    service = Service(settings, PlayedClock(START), CountedIds())
    service.__dict__["ai_reader"] = ReaderOfAnything()
    case = open_plain_case(service)
    service.runner().run_until_idle(30)
    with service.units() as uow:
        before = uow.cases.events(case)
    assert service.forget_jobs() == 2
    with service.units() as uow:
        assert open_case(uow, STUDY, service.policy, "unit-a", service.clock.now()) == case
        uow.jobs.enqueue(AI_READ_JOB, f"{AI_READ_JOB}:{case}:4", STUDY, case)
        ask_for_delivery(uow, STUDY, case, "again")
    assert service.runner().run_until_idle(30).done == 2
    with service.units() as uow:
        assert uow.cases.events(case) == before
    service.close()


def test_jobs_that_nobody_vouches_for_are_remembered(tmp_path: Path) -> None:
    service = Service(Settings(data_dir=tmp_path, job_retention_days=AT_ONCE_DAYS))
    assert set(FORGETTABLE) <= set(service.handlers())
    with service.units() as uow:
        uow.jobs.enqueue("another", "another:1", STUDY)
    assert service.forget_jobs() == 0
    service.close()

"""Health by traffic: what /health says, and the service's own exam that goes the whole way and leaves no trace."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest
from starlette.testclient import TestClient

from screening.app.compose import Service
from screening.app.health import limits_of
from screening.app.listening import partners_of
from screening.app.selftest import Route, SelfTest
from screening.app.server import build_app
from screening.app.settings import Settings
from screening.domain.identifiers import StudyInstanceUid
from tests.app.test_correlation import ReaderOfAnything
from tests.app.test_listening import exam, listening, pass_time
from tests.dicom.network.stations import free_port, send
from tests.services import START


def test_a_service_that_does_its_work_answers_ok_with_the_times_of_its_latest_steps(tmp_path: Path) -> None:
    with listening(tmp_path / "data", policy="double-human+ai") as (service, port):
        service.__dict__["ai_reader"] = ReaderOfAnything()
        client = TestClient(build_app(service))
        assert client.get("/health").json()["last"]["live"]["received_at"] is None
        assert send(port, *exam(tmp_path)).returncode == 0
        pass_time(service)
        service.take_up_exams()
        assert client.get("/health").json()["jobs"]["waiting"] == 1
        service.runner().run_until_idle(30)
        answer = client.get("/health")
    told = answer.json()
    assert (answer.status_code, told["status"], told["reasons"], told["warnings"]) == (200, "ok", [], [])
    assert told["cases"]["awaiting_first_read"] == 1
    assert told["last"]["live"]["received_at"].startswith(START.isoformat()[:19])
    assert told["last"]["live"]["read_at"] > told["last"]["live"]["received_at"]


def test_a_full_disk_and_a_lost_database_answer_503_with_the_reason(tmp_path: Path) -> None:
    with listening(tmp_path / "data", dicom_spare_mib=1 << 30) as (service, _port):
        client = TestClient(build_app(service))
        full = client.get("/health")
        assert (full.status_code, full.json()["reasons"]) == (503, ["disk_nearly_full"])
        service._engine.dispose()
        (tmp_path / "data" / "secondread.db").unlink()
        (tmp_path / "data" / "secondread.db").mkdir()
        gone = client.get("/health")
        assert (gone.status_code, gone.json()["reasons"]) == (503, ["database_gone"])


@pytest.mark.slow
def test_the_services_own_exam_goes_the_whole_way_and_leaves_no_trace(tmp_path: Path) -> None:
    """With the shipped model: C-STORE to the own listener, assembly, AI read, verdict."""
    with listening(tmp_path / "data", policy="masai", selftest_minutes=15) as (service, port):
        test = SelfTest(service, Route(service.settings, port))
        study = test.send()
        assert test.passed(study) is None
        pass_time(service)
        service.take_up_exams()
        assert service.runner().run_until_idle(120).parked == 0
        assert test.passed(study) is True
        test.end(study, passed=True)
        assert_no_trace(service, study)
        assert service.checkup().last["selftest"].read_at == service.clock.now()
        assert test.send() != study


def assert_no_trace(service: Service, study: StudyInstanceUid) -> None:
    assert list(service.files.digests()) == []
    told = service.checkup()
    assert not any(told.cases.values())
    assert told.last["live"].received_at is None
    with service.units() as uow:
        assert uow.cases.list() == []
        assert list(uow.audit.episode_rows()) == []
        case = uow.cases.of_study(study)
        assert case is not None
        assert uow.deliveries.of_case(case) == []
        assert uow.exams.quarantined() == []
        uow.ledger.verify()


# The DIMSE library leaves the socket of a refused connection to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_self_test_that_cannot_be_sent_is_told_and_raises_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(data_dir=tmp_path)
    service = Service(settings)
    try:
        SelfTest(service, Route(settings, free_port())).once(Event())
    finally:
        service.close()
    assert "partner_unreachable" in caplog.text


def test_only_this_machine_may_send_the_self_test_where_a_list_says_who_calls(tmp_path: Path) -> None:
    network = tmp_path / "network.toml"
    network.write_text('[[partner]]\ntitle = "UNIT1"\n')
    partners = partners_of(Settings(dicom_partners=network, dicom_host="0.0.0.0"))  # noqa: S104
    assert partners.of("SECONDREAD", "127.0.0.1") is not None
    assert partners.of("SECONDREAD", "10.1.2.3") is None
    off = partners_of(Settings(dicom_partners=network, selftest_minutes=0))
    assert off.of("SECONDREAD", "127.0.0.1") is None


def test_a_self_test_is_expected_only_where_the_service_listens(tmp_path: Path) -> None:
    assert limits_of(Settings()).selftest is None
    assert limits_of(Settings(dicom_port=104, selftest_minutes=0)).selftest is None
    every = limits_of(Settings(dicom_port=104, selftest_minutes=10)).selftest
    assert every is not None
    assert every.total_seconds() == 1800

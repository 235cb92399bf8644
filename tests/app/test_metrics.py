"""What Prometheus reads: every figure of the live service, by real work, and never an id or a person."""

from __future__ import annotations

import re
import urllib.request
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from screening.app.compose import Service
from screening.app.metrics import Metrics, serving_metrics
from screening.domain.ai_read import AiStatus
from screening.domain.errors import StoreUnavailable
from screening.domain.quality import ReasonCode
from tests.app.test_correlation import ReaderOfAnything
from tests.app.test_listening import exam, listening, pass_time
from tests.dicom.network.stations import free_port, send
from tests.dicom_out.samples import OK_READ
from tests.services import START


def figure(text: str, metric: str, **labels: str) -> float:
    """The value of one figure; 0 where it is not told."""
    told = "".join(rf"(?=[^}}]*{key}=\"{value}\")" for key, value in labels.items())
    found = re.search(rf"^secondread_{metric}(?:\{{{told}[^}}]*\}})? (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def told(service: Service) -> str:
    return generate_latest(service.metrics.registry).decode()


def test_an_exam_that_goes_through_shows_in_every_figure(tmp_path: Path) -> None:
    files = exam(tmp_path)
    with listening(tmp_path / "data", policy="masai") as (service, port):
        service.__dict__["ai_reader"] = ReaderOfAnything()
        assert send(port, *files).returncode == 0
        assert send(port, files[0]).returncode == 0
        waiting = told(service)
        pass_time(service)
        service.take_up_exams()
        queued = told(service)
        service.runner().run_until_idle(30)
        done = told(service)
    assert figure(waiting, "objects_received_total", answer="0000") == 5
    assert figure(waiting, "objects_kept_total", what="new") == 4
    assert figure(waiting, "objects_kept_total", what="known") == 1
    assert figure(waiting, "received_bytes_total") > sum(path.stat().st_size for path in files) * 0.9
    assert figure(waiting, "associations_total", outcome="accepted") == 2
    assert figure(waiting, "exams_awaited") == 1
    assert figure(queued, "exams_awaited") == 0
    assert figure(queued, "jobs", name="ai_read", state="waiting") == 1
    assert figure(done, "jobs", name="ai_read", state="waiting") == 0
    assert figure(done, "ai_reads_total", status="ok") == 1
    assert figure(done, "seconds_from_first_image_sum", step="ai_read") == 61
    assert figure(done, "job_seconds_count", name="ai_read", outcome="done") == 1
    assert figure(done, "latest_step_time", step="received", traffic="live") == START.timestamp()
    assert figure(done, "disk_free_bytes") > 0
    assert figure(done, "database_up") == 1
    for secret in ("1.2.826", "case-", "exam-", "SYN", "DOE"):
        assert secret not in done


def test_refused_objects_are_counted_by_their_answer(tmp_path: Path) -> None:
    with listening(tmp_path / "data", dicom_spare_mib=1 << 30) as (service, port):
        send(port, exam(tmp_path)[0])
        assert figure(told(service), "objects_received_total", answer="A700") == 1


def test_ai_reads_are_counted_by_status_reason_and_stratum() -> None:
    metrics = Metrics()
    refused = replace(OK_READ, status=AiStatus.FAILED, exam_score=None, flagged=False, reasons=(ReasonCode.UNREADABLE,))
    metrics.ai_read(OK_READ, START, START + timedelta(minutes=3))
    metrics.ai_read(refused, START, START)
    metrics.ai_read(OK_READ, None, START)
    text = generate_latest(metrics.registry).decode()
    assert figure(text, "ai_reads_total", status="ok") == 1
    assert figure(text, "seconds_from_first_image_sum", step="ai_read") == 180
    assert figure(text, "ai_reads_total", status="failed", reason="unreadable") == 1


def test_a_database_that_is_gone_is_a_figure_and_no_failure(tmp_path: Path) -> None:
    with listening(tmp_path / "data") as (service, _port):
        service._engine.dispose()
        (tmp_path / "data" / "secondread.db").unlink()
        (tmp_path / "data" / "secondread.db").mkdir()
        text = told(service)
        assert figure(text, "database_up") == 0
        assert "secondread_database_up 0.0" in text
        assert figure(text, "disk_free_bytes") > 0


def test_a_process_without_http_serves_them_on_a_port_of_its_own() -> None:
    metrics, port = Metrics(), free_port()
    with serving_metrics(metrics.registry, "127.0.0.1", port):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            assert b"secondread_job_seconds" in answer.read()
        with pytest.raises(StoreUnavailable), serving_metrics(metrics.registry, "127.0.0.1", port):
            pass
    with serving_metrics(metrics.registry, "127.0.0.1", 0):
        pass

"""The made-up woman's name, id and birth date reach no log line, job, metric, ledger entry or error text."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from screening.app.compose import Service
from screening.app.logging import configure_logging
from screening.app.server import build_app
from screening.app.terminal import housekeep
from screening.app.work import drain
from screening.workflow.open_case import AI_READ_JOB
from tests.services import BIRTH_DATE, FAMILY, GIVEN, PATIENT_ID, make_service, open_plain_case

IDENTITY = (FAMILY, FAMILY.upper(), GIVEN, BIRTH_DATE, BIRTH_DATE.replace("-", ""), PATIENT_ID)
MAY_HOLD_IDENTITY = {"persons", "participants", "reports"}
"""Where identity belongs: the woman herself, and the report that goes to her hospital."""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = make_service(tmp_path)
    yield made
    made.close()


def play_out(service: Service, client: TestClient) -> list[str]:
    """A case from opening to report, with refusals on the way; returns every error body."""
    case = open_plain_case(service)
    with service.units() as uow:
        uow.jobs.enqueue(AI_READ_JOB, "ai:unreadable", "1.2.840.1", case)
    bodies = []
    for reader, registration in (("anne", "BIG1"), ("anne", "BIG1"), ("ben", "BIG2")):
        author = {"reader": reader, "registration": registration}
        answer = client.post(f"/api/v1/cases/{case}/reads", json={"opinion": "normal", "author": author})
        bodies.append(answer.text)
    bodies.append(client.post(f"/api/v1/cases/{case}/release", json={"actor": FAMILY}).text)
    service.clock.advance(service.policy.finalisation_window)  # type: ignore[attr-defined]
    housekeep(service)
    bodies.append(client.post(f"/api/v1/cases/{case}/release", json={"actor": "programme"}).text)
    drain(service)
    assert client.get(f"/api/v1/cases/{case}/report").status_code == 200
    return bodies


def test_identity_stays_where_it_belongs(
    service: Service, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logging("DEBUG")
    caplog.set_level(logging.DEBUG)
    client = TestClient(build_app(service))
    bodies = play_out(service, client)
    logged = caplog.text + "".join(capfd.readouterr())
    for identity in IDENTITY:
        assert identity not in logged
        assert identity not in client.get("/metrics").text
        assert identity not in client.get("/health").text
        assert not any(identity in body for body in bodies)


def test_no_table_but_the_womans_own_and_her_report_holds_identity(service: Service, tmp_path: Path) -> None:
    play_out(service, TestClient(build_app(service)))
    with sqlite3.connect(tmp_path / "secondread.db") as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert set(names) >= MAY_HOLD_IDENTITY
        for name in set(names) - MAY_HOLD_IDENTITY:
            rows = connection.execute(f'SELECT * FROM "{name}"').fetchall()  # noqa: S608
            text = json.dumps(rows, default=str)
            assert not [identity for identity in IDENTITY if identity in text], name

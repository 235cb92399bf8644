"""Holds, withdrawn reads and interval cancers over HTTP."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from screening.app.compose import Service
from screening.app.terminal import housekeep
from screening.domain.events import ReadRecorded
from screening.domain.identifiers import CaseId
from tests.services import open_plain_case


@pytest.fixture
def case(service: Service, client: TestClient) -> str:
    """A case with two normal reads that has concluded."""
    opened = open_plain_case(service)
    for reader, registration in (("anne", "BIG1"), ("ben", "BIG2")):
        form = {"opinion": "normal", "author": {"reader": reader, "registration": registration}}
        assert client.post(f"/api/v1/cases/{opened}/reads", json=form).status_code == 201
    service.clock.advance(service.policy.finalisation_window)  # type: ignore[attr-defined]
    housekeep(service)
    return opened


def post(client: TestClient, case: str, act: str, **form: object) -> tuple[int, str]:
    answer = client.post(f"/api/v1/cases/{case}/{act}", json={"actor": "max"} | form)
    return answer.status_code, answer.json().get("code", "") if answer.content else ""


def test_a_held_case_is_released_only_when_it_is_resumed(client: TestClient, case: str) -> None:
    assert post(client, case, "hold", kind="identity_query", reason="date of birth differs") == (204, "")
    assert post(client, case, "release") == (409, "case_held")
    assert post(client, case, "resume", kind="identity_query", note="typing error") == (204, "")
    assert post(client, case, "release") == (200, "")


def test_an_unknown_hold_is_refused(client: TestClient, case: str) -> None:
    assert post(client, case, "hold", kind="tea", reason="x") == (422, "invalid_input")
    assert post(client, case, "hold", kind="deferred", reason="") == (422, "invalid_input")


def test_a_withdrawn_read_is_owed_again(service: Service, client: TestClient, case: str) -> None:
    with service.units() as uow:
        facts = [event.fact for event in uow.cases.events(CaseId(case))]
    own = next(fact.read for fact in facts if isinstance(fact, ReadRecorded))
    assert post(client, case, f"reads/{own}/withdrawal", reason="wrong woman on the screen") == (204, "")
    assert post(client, case, "release") == (409, "event_not_allowed")
    assert client.get("/api/v1/cases").json()[0]["state"] == "awaiting_second_read"


def test_a_read_of_another_case_cannot_be_withdrawn(client: TestClient, case: str) -> None:
    assert post(client, case, "reads/read-none/withdrawal", reason="x") == (409, "event_not_allowed")


def test_an_interval_cancer_follows_a_released_outcome(client: TestClient, case: str) -> None:
    form = {"diagnosed_on": "2026-11-01", "laterality": "L", "invasive": True}
    assert post(client, case, "interval-cancer", **form) == (409, "event_not_allowed")
    post(client, case, "release")
    assert post(client, case, "interval-cancer", **form) == (204, "")

"""The JSON API through a real client and a real store: journeys, refusals, blinding."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from screening.app.compose import Service
from screening.app.demo.clock import PlayedClock
from screening.app.terminal import housekeep
from screening.app.work import drain
from screening.domain.events import LateImagesReceived
from screening.domain.identifiers import CaseId
from screening.workflow.recorded_case import load, record
from tests.services import BIRTH_DATE, FAMILY, GIVEN, PATIENT_ID, open_plain_case

ANNE = {"reader": "anne", "registration": "BIG1"}
BEN = {"reader": "ben", "registration": "BIG2"}
CARLA = {"reader": "carla", "registration": "BIG3"}
RECALL = {"opinion": "recall", "right": {"category": 4, "findings": [{"type": "mass", "size_mm": 11.0}]}}


@pytest.fixture
def case(service: Service) -> str:
    return open_plain_case(service)


def let_window_elapse(service: Service) -> None:
    assert isinstance(service.clock, PlayedClock)
    service.clock.advance(timedelta(minutes=61))
    housekeep(service)


def post_read(client: TestClient, case: str, author: dict[str, str], **form: Any) -> Any:
    return client.post(f"/api/v1/cases/{case}/reads", json={"opinion": "normal", "author": author} | form)


def test_two_normal_reads_lead_to_a_released_report(service: Service, client: TestClient, case: str) -> None:
    assert [item["case"] for item in client.get("/api/v1/cases").json()] == [case]
    assert post_read(client, case, ANNE).status_code == 201
    assert post_read(client, case, BEN).status_code == 201
    let_window_elapse(service)
    outcome = client.post(f"/api/v1/cases/{case}/release", json={"actor": "programme"})
    assert outcome.json()["kind"] == "routine_recall"
    drain(service)
    bundle = client.get(f"/api/v1/cases/{case}/report").json()
    assert bundle["resourceType"] == "Bundle"
    dutch = client.get(f"/api/v1/cases/{case}/report", params={"language": "nl"})
    assert dutch.headers["content-type"].startswith("text/plain")
    assert "BI-RADS" in dutch.text


def test_discordant_reads_go_to_an_arbiter_who_is_neither_reader(
    service: Service, client: TestClient, case: str
) -> None:
    post_read(client, case, ANNE)
    post_read(client, case, BEN, **RECALL)
    let_window_elapse(service)
    decision = {"opinion": "normal", "reason": "superposition"}
    own = client.post(f"/api/v1/cases/{case}/arbitration", json=decision | {"authors": [ANNE]})
    assert (own.status_code, own.json()["code"]) == (409, "reader_not_independent")
    third = client.post(f"/api/v1/cases/{case}/arbitration", json=decision | {"authors": [CARLA]})
    assert third.status_code == 201
    let_window_elapse(service)
    outcome = client.post(f"/api/v1/cases/{case}/release", json={"actor": "programme"}).json()
    assert (outcome["kind"], outcome["arbitrated"], outcome["flagged_by"]) == ("routine_recall", True, ["R2"])


def test_a_reader_sees_nothing_of_the_other_before_the_own_read(client: TestClient, case: str) -> None:
    """The same answer whether the first read was normal, a recall, or has not happened."""
    before = client.get(f"/api/v1/cases/{case}", params=BEN).json()
    post_read(client, case, ANNE, **RECALL)
    after = client.get(f"/api/v1/cases/{case}", params=BEN).json()
    assert after == before
    assert after["other_reads"] is None
    assert after["outcome"] is None
    assert after["state"] == "to_read"


def test_the_role_of_arbiter_opens_nothing_while_reads_are_owed(client: TestClient, case: str) -> None:
    post_read(client, case, ANNE, **RECALL)
    peek = client.get(f"/api/v1/cases/{case}", params=BEN | {"role": "arbiter"})
    assert (peek.status_code, peek.json()["code"]) == (403, "blinded")


def test_the_same_person_under_another_account_is_refused(client: TestClient, case: str) -> None:
    post_read(client, case, ANNE)
    again = post_read(client, case, {"reader": "anne-2", "registration": "BIG1"})
    assert (again.status_code, again.json()["code"]) == (409, "reader_not_independent")


def test_a_claimed_case_is_locked_for_others_until_given_back(client: TestClient, case: str) -> None:
    assert client.post(f"/api/v1/cases/{case}/claim", json=ANNE).status_code == 204
    refused = client.post(f"/api/v1/cases/{case}/claim", json=BEN)
    assert (refused.status_code, refused.json()["code"]) == (423, "case_claimed")
    assert client.delete(f"/api/v1/cases/{case}/claim", params=ANNE).status_code == 204
    assert client.post(f"/api/v1/cases/{case}/claim", json=BEN).status_code == 204


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"opinion": "recall"}, "incomplete_opinion"),
        ({"opinion": "technical_recall"}, "incomplete_opinion"),
        ({"opinion": "recall", "right": {"category": 9}}, "invalid_input"),
        ({"opinion": "recall", "right": {"category": "4"}}, "invalid_input"),
        ({"opinion": "perhaps"}, "invalid_input"),
        ({"opinion": "normal", "surprise": 1}, "invalid_input"),
    ],
)
def test_an_incomplete_or_odd_opinion_is_refused_with_a_code(
    client: TestClient, case: str, form: dict[str, Any], code: str
) -> None:
    answer = post_read(client, case, ANNE, **form)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.headers["content-type"] == "application/problem+json"


def test_error_bodies_quote_no_values(client: TestClient, case: str) -> None:
    answer = post_read(client, case, {"reader": f"{FAMILY} {GIVEN}", "registration": "BIG1"})
    assert answer.status_code == 422
    assert FAMILY not in answer.text


def test_releasing_too_early_is_refused(client: TestClient, case: str) -> None:
    post_read(client, case, ANNE)
    answer = client.post(f"/api/v1/cases/{case}/release", json={"actor": "programme"})
    assert (answer.status_code, answer.json()["code"]) == (409, "event_not_allowed")


def test_an_unknown_case_is_not_found(client: TestClient) -> None:
    answer = client.get("/api/v1/cases/case-none", params=ANNE)
    assert (answer.status_code, answer.json()["code"]) == (404, "case_not_found")


def test_uploading_no_dicom_keeps_the_file_and_says_so(client: TestClient) -> None:
    answer = client.post("/api/v1/instances", files={"files": ("notes.txt", b"not dicom at all")})
    assert answer.status_code == 201
    assert answer.json()[0]["reason"] == "not_dicom"
    (waiting,) = client.get("/api/v1/instances/attention").json()
    assert (waiting["reason"], waiting["study"]) == ("not_dicom", None)


def test_health_metrics_and_openapi_answer_without_identity(client: TestClient, case: str) -> None:
    assert client.get("/health").json()["status"] == "ok"
    client.get(f"/api/v1/cases/{case}", params=ANNE)
    metrics = client.get("/metrics").text
    assert "secondread_requests_total" in metrics
    for identity in (case, FAMILY, GIVEN, BIRTH_DATE, PATIENT_ID, "anne"):
        assert identity not in metrics
    assert "/api/v1/cases/{case}/reads" in client.get("/openapi.json").json()["paths"]


def test_a_withdrawn_case_has_a_reason_and_no_more_reads(client: TestClient, case: str) -> None:
    form = {"actor": "max", "reason": "exam of another woman"}
    assert client.post(f"/api/v1/cases/{case}/withdrawal", json=form).status_code == 204
    refused = post_read(client, case, ANNE)
    assert (refused.status_code, refused.json()["code"]) == (409, "event_not_allowed")


def test_policies_and_ledger_can_be_inspected(client: TestClient, case: str) -> None:
    assert {"masai", "nl-b0"} <= {policy["id"] for policy in client.get("/api/v1/policies").json()}
    before = client.get("/api/v1/ledger").json()["sequence"]
    post_read(client, case, ANNE)
    assert client.get("/api/v1/ledger").json()["sequence"] > before


def test_the_audit_is_served_as_json_and_as_a_page(client: TestClient, case: str) -> None:
    told = client.get("/api/v1/audit").json()
    assert told["cases"] == 1
    assert "phantom-trained" in told["notice"]
    assert client.get("/api/v1/audit/page").text.startswith("<!doctype html>")


def test_only_the_reader_closes_the_own_correction_window(client: TestClient, case: str) -> None:
    read_id = post_read(client, case, ANNE).json()["id"]
    path = f"/api/v1/cases/{case}/reads/{read_id}/finalise"
    refused = client.post(path, json=BEN)
    assert (refused.status_code, refused.json()["code"]) == (409, "event_not_allowed")
    assert client.post(path, json={"actor": "anne"}).status_code == 422
    assert client.post(path, json=ANNE).status_code == 204
    late = post_read(client, case, ANNE, replaces=read_id)
    assert (late.status_code, late.json()["code"]) == (409, "read_final")


def test_late_images_wait_for_a_person_before_the_release(service: Service, client: TestClient, case: str) -> None:
    post_read(client, case, ANNE)
    with service.units() as uow:
        record(uow, load(uow, CaseId(case)), LateImagesReceived(1), "intake", service.clock.now())
    post_read(client, case, BEN)
    let_window_elapse(service)
    seen = client.get(f"/api/v1/cases/{case}", params=CARLA | {"role": "manager"}).json()
    assert seen["review"] == ["late_images"]
    held = client.post(f"/api/v1/cases/{case}/release", json={"actor": "programme"})
    assert (held.status_code, held.json()["code"]) == (409, "case_held")
    path, note = f"/api/v1/cases/{case}/late-images", {"actor": "max", "note": "the same view sent twice"}
    assert client.post(path, json=note | {"note": ""}).status_code == 422
    assert client.post(path, json=note).status_code == 204
    assert client.post(path, json=note).status_code == 409
    assert client.post(f"/api/v1/cases/{case}/release", json={"actor": "programme"}).status_code == 200


def test_a_readers_worklist_is_the_same_whatever_the_other_reader_said(service: Service, client: TestClient) -> None:
    case, other = open_plain_case(service), open_plain_case(service, "1.2.840.2", "ACC2")
    before = client.get("/api/v1/cases", params=BEN).json()
    assert [(line["case"], line["state"]) for line in before] == [(case, "to_read"), (other, "to_read")]
    assert set(before[0]) == {"case", "study", "opened_at", "state"}
    post_read(client, case, ANNE, **RECALL)
    post_read(client, other, ANNE)
    assert client.get("/api/v1/cases", params=BEN).json() == before
    post_read(client, other, BEN)
    assert [line["state"] for line in client.get("/api/v1/cases", params=BEN).json()] == ["to_read", "read"]


@pytest.mark.parametrize("asked", [{"reader": "ben"}, {"registration": "BIG2"}, BEN | {"state": "awaiting_ai"}])
def test_a_readers_worklist_is_asked_for_by_a_whole_name_and_no_state(
    client: TestClient, asked: dict[str, str]
) -> None:
    answer = client.get("/api/v1/cases", params=asked)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


def test_a_refused_read_does_not_tell_where_the_case_stands(service: Service, client: TestClient) -> None:
    """A case that waits for arbitration and one that was agreed upon refuse a further read in the same words."""
    told = []
    for number, second in enumerate((RECALL, {}), 1):
        case = open_plain_case(service, f"1.2.840.{number}", f"ACC{number}")
        post_read(client, case, ANNE)
        post_read(client, case, BEN, **second)
        told.append([post_read(client, case, CARLA).json()])
        let_window_elapse(service)
        told[-1] += [
            post_read(client, case, CARLA).json(),
            client.post(f"/api/v1/cases/{case}/claim", json=CARLA).json(),
        ]
    assert told[0] == told[1]
    assert all(answer == told[0][0] for answer in told[0])

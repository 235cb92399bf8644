"""Who a woman is appears in answers about her, and in no log line, metric or error."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from fastapi import Depends, FastAPI, HTTPException
from starlette.testclient import TestClient

from screening.app.logging import configure_logging
from screening.app.server import build_app
from screening.web.dicomweb.router import mount_dicom_web
from tests.app.test_listening import exam, image
from tests.services import BIRTH_DATE, FAMILY, GIVEN, PATIENT_ID, make_service
from tests.web.dicomweb.serving import INSTANCE, SENT_AS, STUDY, body_of

IDENTITY = (FAMILY, GIVEN, BIRTH_DATE.replace("-", ""), PATIENT_ID)
WOMAN: dict[str, object] = {
    "PatientName": f"{FAMILY}^{GIVEN}",
    "PatientID": PATIENT_ID,
    "PatientBirthDate": BIRTH_DATE.replace("-", ""),
    "OtherPatientIDs": PATIENT_ID,
}


def ask_everything(client: TestClient, folder: Path) -> list[str]:
    """Store, search and retrieve, rightly and wrongly; returns the bodies of everything that was refused."""
    first, broken = image(folder / "a.dcm", 0, **WOMAN), image(folder / "b.dcm", 1, **WOMAN, StudyDate="garbage")
    parts = [first.read_bytes(), broken.read_bytes(), broken.read_bytes()[:700], f"{FAMILY} {PATIENT_ID}".encode()]
    bodies = [client.post("/dicom-web/studies", content=body_of(parts), headers=SENT_AS).text]
    bodies.append(client.post("/dicom-web/studies/1.2.3", content=body_of(parts), headers=SENT_AS).text)
    wrong = (f"PatientID={PATIENT_ID}%00", f"{PATIENT_ID}={FAMILY}", f"StudyDate={FAMILY}", f"limit={PATIENT_ID}")
    targets = [f"/studies?{query}" for query in wrong]
    targets += [f"/studies/{PATIENT_ID}", f"/studies/{FAMILY}%20{GIVEN}/metadata", f"{INSTANCE}/frames/{PATIENT_ID}"]
    targets += [f"{INSTANCE}/frames/99", f"{INSTANCE}/bulkdata/00100010", f"{INSTANCE}/rendered?viewport={FAMILY}"]
    for target in targets:
        answer = client.get(f"/dicom-web{target}")
        assert answer.status_code in (400, 404)
        bodies.append(answer.text)
    assert PATIENT_ID in client.get(f"/dicom-web/studies?PatientName={FAMILY}*").text
    assert PATIENT_ID in client.get(f"/dicom-web/studies/{STUDY}/metadata").text
    return bodies


def test_identity_is_in_no_log_metric_or_refusal(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logging("DEBUG")
    caplog.set_level(logging.DEBUG)
    service = make_service(tmp_path / "data")
    client = TestClient(build_app(service))
    client_log = logging.getLogger(
        "httpx2"
    )  # the test client logs the addresses that it asks for, as no part of ours does
    client_log.disabled = True
    try:
        bodies = ask_everything(client, tmp_path)
    finally:
        client_log.disabled = False
        service.close()
    logged = caplog.text + "".join(capfd.readouterr()) + client.get("/metrics").text
    for identity in IDENTITY:
        assert identity not in logged
        assert not [body for body in bodies if identity in body]


def test_the_routes_can_be_guarded(tmp_path: Path) -> None:
    """What a log-in will do: a dependency that every route must pass."""

    def nobody() -> None:
        raise HTTPException(401, "log in first")

    service = make_service(tmp_path / "data")
    app = FastAPI()
    mount_dicom_web(app, service.archive(), [Depends(nobody)])
    client = TestClient(app)
    for target in ("/studies", "/series", "/instances", f"/studies/{STUDY}", INSTANCE, f"{INSTANCE}/frames/1"):
        assert client.get(f"/dicom-web{target}").status_code == 401
    (path, *_rest) = exam(tmp_path)
    sent = client.post("/dicom-web/studies", content=body_of([path.read_bytes()]), headers=SENT_AS)
    assert sent.status_code == 401
    assert list(service.files.digests()) == []
    service.close()

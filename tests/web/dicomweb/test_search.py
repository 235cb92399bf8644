"""Searching over HTTP: pages, warnings, levels, and what a wrong question is answered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest

from screening.app.compose import Service
from tests.app.test_listening import exam, image
from tests.dicom.builders import NAME
from tests.web.dicomweb.serving import FIRST, SERIES, STUDY, served, stow, values

PATIENT, NUMBER, SOP, DESCRIPTION = "00100020", "00200013", "00080018", "0008103E"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[Service, httpx.Client]]:
    """Four views in one study, and one of another woman in another."""
    other = {"PatientID": "P-2", "PatientName": "Ng^Li", "StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.3.4"}
    with served(tmp_path / "data") as (service, client):
        assert stow(client, *exam(tmp_path)).status_code == 200
        changes = {**other, "SOPInstanceUID": "1.2.3.4.5", "SeriesDescription": "R CC", "InstanceNumber": 7}
        assert stow(client, image(tmp_path / "other.dcm", 1, **changes)).status_code == 200
        yield service, client


def found(client: httpx.Client, target: str, tag: str) -> list[object]:
    answer = client.get(target)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/dicom+json")
    return [value for item in answer.json() for value in values(item, tag)]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/studies", ["P-4711", "P-2"]),
        ("/studies?PatientID=P-2", ["P-2"]),
        ("/studies?00100020=P-4*", ["P-4711"]),
        ("/studies?PatientName=vermeulen^anneke", ["P-4711"]),
        ("/studies?PatientName=N?^*", ["P-2"]),
        ("/studies?StudyDate=20260101-20260131&ModalitiesInStudy=MG", ["P-4711", "P-2"]),
        ("/studies?StudyDate=20200101-20201231", []),
        ("/studies?StudyInstanceUID=1.2.3,9.9", ["P-2"]),
        ("/studies?limit=1&offset=1", ["P-2"]),
        ("/studies?limit=0", []),
        ("/series?Modality=MG", ["P-4711", "P-2"]),
        ("/instances?InstanceNumber=7", ["P-2"]),
        ("/instances?PatientID=P-4711&SOPInstanceUID=" + FIRST, ["P-4711"]),
    ],
)
def test_a_search_finds_what_matches(
    running: tuple[Service, httpx.Client], target: str, expected: list[object]
) -> None:
    assert found(running[1], target, PATIENT) == expected


def test_searches_within_a_study_and_a_series_find_what_is_in_them(running: tuple[Service, httpx.Client]) -> None:
    _service, client = running
    assert found(client, f"/studies/{STUDY}/series", "0020000E") == [SERIES]
    assert found(client, f"/studies/{STUDY}/series", "00201209") == [4]
    assert found(client, f"/studies/{STUDY}/instances", SOP) == [f"{FIRST[:-1]}{number}" for number in (1, 2, 3, 4)]
    assert found(client, f"/studies/{STUDY}/series/{SERIES}/instances?limit=1", SOP) == [FIRST]
    assert found(client, "/studies/1.2.3/instances", NUMBER) == [7]
    assert found(client, f"/studies/1.2.3/series/{SERIES}/instances", SOP) == []


def test_a_study_is_described_as_the_standard_asks(running: tuple[Service, httpx.Client]) -> None:
    (study,) = running[1].get("/studies?PatientID=P-4711").json()
    assert study["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": NAME}]}
    assert (values(study, "00201206"), values(study, "00201208"), values(study, "00080061")) == ([1], [4], ["MG"])
    assert values(study, "00100030") == ["19640229"]
    assert str(values(study, "00081190")[0]).endswith(f"/dicom-web/studies/{STUDY}")


def test_a_page_that_is_cut_says_so_and_a_whole_one_does_not(running: tuple[Service, httpx.Client]) -> None:
    _service, client = running
    assert "299" in client.get("/instances?limit=4").headers["warning"]
    assert "warning" not in client.get("/instances?limit=5").headers
    assert "warning" not in client.get("/instances?limit=4&offset=1").headers


def test_fuzzy_matching_is_refused_with_a_warning(running: tuple[Service, httpx.Client]) -> None:
    answer = running[1].get("/studies?fuzzymatching=true&PatientName=vermeulen^anneke")
    assert answer.headers["warning"].startswith("299 secondread")
    assert "fuzzymatching" in answer.headers["warning"]
    assert len(answer.json()) == 1


def test_fields_that_are_asked_for_come_from_the_stored_header(running: tuple[Service, httpx.Client]) -> None:
    _service, client = running
    assert found(client, "/series?PatientID=P-2", DESCRIPTION) == ["R CC"]
    assert found(client, "/instances?PatientID=P-2", "00185101") == []
    assert found(client, "/instances?PatientID=P-2&includefield=ViewPosition", "00185101") == ["CC"]
    assert found(client, "/studies?includefield=all", "00185101") == []


@pytest.mark.parametrize(
    "target",
    [
        *("/studies?Nonsense=1", "/studies?PatientWeight=60", "/studies?Modality=MG", "/studies?StudyDate=2026"),
        *("/studies?PatientID=a%00b", "/studies?limit=-1", "/studies?PatientID=1&PatientID=2", "/series?limit=x"),
        *("/studies/not%20a%20uid/series", f"/studies/{STUDY}/series?StudyInstanceUID=1.2.3"),
    ],
)
def test_a_wrong_question_is_a_bad_request_and_not_quoted(running: tuple[Service, httpx.Client], target: str) -> None:
    answer = running[1].get(target)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert target.partition("=")[2] not in answer.json()["detail"].split()


def test_only_json_is_spoken(running: tuple[Service, httpx.Client]) -> None:
    assert running[1].get("/studies", headers={"Accept": "application/dicom+xml"}).status_code == 406
    both = {"Accept": 'multipart/related; type="application/dicom+xml", application/dicom+json;q=0.5'}
    assert running[1].get("/studies", headers=both).status_code == 200


def test_a_study_of_two_women_disappears(running: tuple[Service, httpx.Client], tmp_path: Path) -> None:
    _service, client = running
    second = image(tmp_path / "b.dcm", 0, PatientID="P-3", SOPInstanceUID="1.9.9")
    assert stow(client, second).status_code == 200
    assert found(client, "/studies", PATIENT) == ["P-2"]
    assert client.get(f"/studies/{STUDY}").status_code == 404
    assert client.get(f"/studies/{STUDY}/metadata").status_code == 404

"""Studies are listed and got from a real DICOMweb service, byte for byte; a service that fails is a coded answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from screening.dicom.network import wado
from screening.dicom.network.wado import listed_studies, retrieve_study
from screening.domain.errors import PartnerRefused, PartnerUnreachable
from screening.domain.identifiers import PersonId
from tests.app.rescoring.archive import archive, study_uid
from tests.dicom.network.stations import Orthanc, free_port, running_orthanc

pytestmark = pytest.mark.slow


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Five exams."""
    return sorted(archive(tmp_path / "archive", 5).rglob("*.dcm"))


@pytest.fixture
def orthanc(tmp_path: Path, files: list[Path]) -> Iterator[Orthanc]:
    """Orthanc with them."""
    with running_orthanc(tmp_path / "orthanc", {}) as running:
        for file in files:
            assert running.web.post("/instances", content=file.read_bytes()).is_success
        yield running


def root(orthanc: Orthanc) -> str:
    return f"{orthanc.web.base_url}/dicom-web"


def test_studies_are_listed_page_by_page_each_once(orthanc: Orthanc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wado, "PAGE", 2)
    found = {study.header.study_instance_uid: study for study in listed_studies(root(orthanc))}
    assert set(found) == {study_uid(n) for n in range(1, 6)}
    header = found[study_uid(3)].header
    assert (header.person.value, header.accession_number, str(header.study_date)) == ("P-3", "A-3", "2024-02-28")
    assert header.person in (PersonId("", "P-3"), PersonId("SITE-A", "P-3"))


def test_a_study_comes_as_it_is_stored(orthanc: Orthanc, files: list[Path], tmp_path: Path) -> None:
    (got,) = retrieve_study(f"{root(orthanc)}/studies/{study_uid(1)}", tmp_path)
    (kept,) = [
        orthanc.web.get(f"/instances/{uid}/file").content
        for uid in orthanc.web.post(
            "/tools/find", json={"Level": "Instance", "Query": {"StudyInstanceUID": study_uid(1)}}
        ).json()
    ]
    assert got.read_bytes() == kept


def test_a_study_that_is_not_there_is_refused(orthanc: Orthanc, tmp_path: Path) -> None:
    with pytest.raises(PartnerRefused):
        retrieve_study(f"{root(orthanc)}/studies/1.2.3", tmp_path)


def test_a_service_that_is_down_is_unreachable(tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}/dicom-web"
    with pytest.raises(PartnerUnreachable):
        list(listed_studies(nowhere))
    with pytest.raises(PartnerUnreachable):
        retrieve_study(f"{nowhere}/studies/1.2.3", tmp_path)

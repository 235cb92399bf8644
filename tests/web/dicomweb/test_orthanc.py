"""A PACS that nobody here wrote (Orthanc) pushes by STOW-RS, searches by QIDO-RS and fetches by WADO-RS."""

from __future__ import annotations

from pathlib import Path

from pydicom import dcmread

from tests.app.test_listening import exam, pass_time
from tests.dicom.network.stations import running_orthanc
from tests.web.dicomweb.serving import STUDY, served


def test_orthanc_pushes_an_exam_finds_it_and_fetches_it_back(tmp_path: Path) -> None:
    files = exam(tmp_path)
    with served(tmp_path / "data") as (service, client):
        servers = {"us": [f"{str(client.base_url).rstrip('/')}/"]}
        web = {"DicomWeb": {"Enable": True, "Root": "/dicom-web/", "Servers": servers}}
        with running_orthanc(tmp_path / "orthanc", {}, settings=web) as peer:
            peer.upload(*files)
            pushed = {"Resources": peer.instances(), "Synchronous": True}
            peer.web.post("/dicom-web/servers/us/stow", json=pushed).raise_for_status()
            kept = [dcmread(service.files.path(digest)) for digest in service.files.digests()]
            assert sorted(item.SOPInstanceUID for item in kept) == [dcmread(path).SOPInstanceUID for path in files]
            assert all(item == dcmread(files[int(item.SOPInstanceUID[-1]) - 1]) for item in kept)
            pass_time(service)
            assert len(service.take_up_exams()) == 1

            asked = {"Uri": "/studies", "Arguments": {"PatientID": "P-4711"}}
            (found,) = peer.web.post("/dicom-web/servers/us/qido", json=asked).json()
            assert STUDY in str(found)

            for instance in peer.instances():
                peer.web.delete(f"/instances/{instance}").raise_for_status()
            assert peer.instances() == []
            fetched = {"Resources": [{"Study": STUDY}], "Synchronous": True}
            peer.web.post("/dicom-web/servers/us/retrieve", json=fetched).raise_for_status()
            again = [peer.web.get(f"/instances/{instance}/file").content for instance in peer.instances()]
    assert sorted(again) == sorted(path.read_bytes() for path in files)

"""A client that nobody here wrote (dicomweb-client) stores, finds and retrieves an exam."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dicomweb_client.api import DICOMwebClient
from pydicom import dcmread
from requests import HTTPError

from tests.app.test_listening import exam
from tests.web.dicomweb.serving import FIRST, INSTANCE, SERIES, STUDY, served


def test_a_foreign_client_stores_finds_and_retrieves_an_exam(tmp_path: Path) -> None:
    sent = [dcmread(path) for path in exam(tmp_path)]
    with served(tmp_path / "data") as (_service, http):
        client = DICOMwebClient(str(http.base_url).rstrip("/"))
        stored = client.store_instances(sent)
        assert len(stored.ReferencedSOPSequence) == 4
        assert "FailedSOPSequence" not in stored
        (study,) = client.search_for_studies(search_filters={"PatientID": "P-4711"}, fields=["StudyDescription"])
        assert study["0020000D"]["Value"] == [STUDY]
        assert len(client.search_for_instances(STUDY, limit=2, get_remaining=True)) == 4
        assert client.search_for_studies(search_filters={"PatientID": "nobody"}) == []
        assert client.retrieve_study(STUDY) == sent
        assert client.retrieve_series(STUDY, SERIES) == sent
        assert client.retrieve_instance(STUDY, SERIES, FIRST) == sent[0]
        assert len(client.retrieve_study_metadata(STUDY)) == 4
        (frame,) = client.retrieve_instance_frames(STUDY, SERIES, FIRST, [1])
        assert frame == sent[0].PixelData
        bulk = f"{client.base_url}{INSTANCE}/bulkdata/7FE00010"
        assert client.retrieve_bulkdata(bulk) == [sent[0].PixelData]
        picture = client.retrieve_instance_rendered(STUDY, SERIES, FIRST, media_types=("image/png",))
        assert picture[1:4] == b"PNG"


def test_a_foreign_client_is_told_what_is_wrong(tmp_path: Path) -> None:
    sent = [dcmread(path) for path in exam(tmp_path)[:1]]
    with served(tmp_path / "data") as (_service, http):
        client = DICOMwebClient(str(http.base_url).rstrip("/"))
        with pytest.raises(HTTPError) as refused:
            client.store_instances(sent, study_instance_uid="1.2.3")
        assert refused.value.response is not None
        assert refused.value.response.status_code == 409
        client.store_instances(sent)
        wanted = (("application/dicom", "1.2.840.10008.1.2.4.90"),)
        with pytest.raises(HTTPError) as refused:
            client.retrieve_instance(STUDY, SERIES, FIRST, media_types=wanted)
        assert refused.value.response is not None
        assert refused.value.response.status_code == 406


def test_pixels_that_a_foreign_client_decodes_are_those_that_were_stored(tmp_path: Path) -> None:
    sent = [dcmread(path) for path in exam(tmp_path)]
    with served(tmp_path / "data") as (_service, http):
        client = DICOMwebClient(str(http.base_url).rstrip("/"))
        client.store_instances(sent)
        found = client.retrieve_study(STUDY)
    assert all(np.array_equal(a.pixel_array, b.pixel_array) for a, b in zip(sent, found, strict=True))

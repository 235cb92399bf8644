"""The live route with a real PACS: Orthanc pushes exams and gets every kind of result, which it says it keeps."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.dicom.network.stations import Orthanc, free_port, running_orthanc
from tests.dicom_out.tools import iod_errors
from tests.e2e.cli import told
from tests.e2e.test_kill import ai_facts
from tests.e2e.test_live_kill import delivered, files_of, process, settings, until

pytestmark = pytest.mark.slow

KINDS = '["cad-sr", "tid-1500", "gsps", "sc"]'


def states(data: Path) -> list[str]:
    """How far every delivery is."""
    with sqlite3.connect(f"file:{data / 'secondread.db'}?mode=ro", uri=True) as connection:
        return [state for (state,) in connection.execute("SELECT state FROM deliveries")]


def modalities(pacs: Orthanc) -> list[str]:
    return sorted(pacs.web.get(f"/instances/{i}/simplified-tags").json()["Modality"] for i in pacs.instances())


def test_exams_go_in_and_results_come_back_to_the_same_pacs(tmp_path: Path, exams: Path) -> None:
    port, data, network = free_port(), tmp_path / "data", tmp_path / "network.toml"
    with running_orthanc(tmp_path / "orthanc", {"us": ("SECONDREAD", port)}) as pacs:
        network.write_text(
            f'[[partner]]\ntitle = "ORTHANC"\n\n[[destination]]\nname = "pacs"\ntitle = "ORTHANC"\n'
            f'host = "127.0.0.1"\nport = {pacs.port}\ncommitment = true\nkinds = {KINDS}\n',
            "utf-8",
        )
        env = settings(port, network=network)
        with process(data, "listen", env), process(data, "worker", env):
            pacs.upload(*files_of(exams))
            sent = pacs.instances()
            until(lambda: knows_us(pacs))
            assert pacs.job("/modalities/us/store", {"Resources": sent})["State"] == "Success"
            until(lambda: len(told(data, "worklist", policy="masai")) == 3)
            cases = told(data, "worklist", policy="masai")
            until(lambda: ai_facts(data, cases) == {case["case"]: 1 for case in cases})
            due = delivered(data)
            assert due > 0
            until(lambda: states(data) == ["committed"] * due)
        results = [instance for instance in pacs.instances() if instance not in sent]
        found = modalities(pacs)
        assert found.count("SR") == 2 * due
        assert found.count("PR") >= due
        assert len(results) == len(pacs.instances()) - 12
        for instance in results:
            path = tmp_path / f"{instance}.dcm"
            path.write_bytes(pacs.web.get(f"/instances/{instance}/file").content)
            assert iod_errors(path) == []


def knows_us(pacs: Orthanc) -> bool:
    return pacs.web.post("/modalities/us/echo", json={}).status_code == 200

"""The live service as processes, with real peers, killed at bad moments: nothing acknowledged is lost or doubled."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from screening.dicom.network.caller import Station, store
from screening.workflow.policies import shipped_policies
from tests.app.test_listening import image
from tests.dicom.network.stations import free_port, running_orthanc, send, sending, tool
from tests.e2e.cli import start, told
from tests.e2e.test_kill import ai_facts, kill_when

pytestmark = pytest.mark.slow

PATIENCE_S = 240.0
ACKNOWLEDGED = re.compile(r"Received Store Response \(Success\)")


def settings(port: int, url: str = "", network: Path | None = None) -> dict[str, str]:
    """A short quiet period; exams of any age are current, because the phantoms' dates are fixed."""
    given = {"PORT": str(port), "SPARE_MIB": "0", "PARTNERS": str(network) if network else ""}
    others = {"QUIET_S": "2", "CURRENT_DAYS": "100000", "POLICY": "masai", "DATABASE_URL": url}
    named = {f"SECONDREAD_DICOM_{key}": value for key, value in given.items() if value}
    return named | {f"SECONDREAD_{key}": value for key, value in others.items()}


@contextmanager
def process(data: Path, command: str, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A part of the service, ended at the end of the block."""
    running = start(data, command, env=env)
    try:
        yield running
    finally:
        running.terminate()
        running.communicate(timeout=60)


def until(reached: Callable[[], bool]) -> None:
    """Ask until a condition holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < deadline, "the service never got that far"


def listening(port: int) -> None:
    """Wait until the listener answers C-ECHO."""
    command = [tool("echoscu"), "127.0.0.1", str(port)]
    until(lambda: subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0)


def stored(data: Path) -> int:
    return sum(1 for _ in (data / "files" / "sha256").glob("??/??/*"))


def files_of(exams: Path) -> list[Path]:
    return sorted(exams.rglob("*.dcm"))


def plain_exams(folder: Path) -> list[Path]:
    """Twelve uncompressed images of three women, as any sender can send them."""
    files = []
    for woman in range(3):
        uid = f"1.2.826.0.1.3680043.8.498.9{woman}"
        named = {"StudyInstanceUID": uid, "AccessionNumber": f"ACC-{woman}", "PatientID": f"P-{woman}"}
        for view in range(4):
            path = folder / f"{woman}-{view}.dcm"
            files.append(image(path, view, SOPInstanceUID=f"{uid}.{view}", **named))
    return files


@pytest.mark.parametrize("after", [1, 5, 11])
def test_what_a_killed_receiver_acknowledged_is_there(tmp_path: Path, after: int) -> None:
    port, files, data = free_port(), plain_exams(tmp_path), tmp_path / "data"
    env = settings(port)
    first = start(data, "listen", env=env)
    listening(port)
    sender = subprocess.Popen(sending(port, *files), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert kill_when(first, lambda: stored(data) >= after)
    said, _nothing = sender.communicate(timeout=60)
    assert len(ACKNOWLEDGED.findall(said)) <= stored(data)
    with process(data, "listen", env):
        listening(port)
        assert send(port, *files).returncode == 0
        until(lambda: len(told(data, "worklist", policy="masai")) == 3)
    assert stored(data) == 12
    told(data, "ledger", "verify")


def test_a_worker_killed_while_it_reads_and_a_pacs_that_is_down_lose_and_double_nothing(
    tmp_path: Path, exams: Path
) -> None:
    port, pacs_port = free_port(), free_port()
    network = tmp_path / "network.toml"
    network.write_text(
        f'[[destination]]\nname = "pacs"\ntitle = "ORTHANC"\nhost = "127.0.0.1"\nport = {pacs_port}\n', "utf-8"
    )
    data, env = tmp_path / "data", settings(port, network=network)
    with process(data, "listen", env):
        listening(port)
        assert store(Station("SECONDREAD", "127.0.0.1", port, "UNIT1"), files_of(exams)) == 12
        until(lambda: len(told(data, "worklist", policy="masai")) == 3)
    cases = told(data, "worklist", policy="masai")
    kill_when(start(data, "worker", env=env), lambda: sum(ai_facts(data, cases).values()) >= 1)
    with process(data, "worker", env):
        until(lambda: ai_facts(data, cases) == {case["case"]: 1 for case in cases})
        with running_orthanc(tmp_path / "orthanc", {}, dicom_port=pacs_port) as pacs:
            expected = delivered(data)
            until(lambda: len(pacs.instances()) >= expected)
            assert len(pacs.instances()) == expected
            assert expected > 0
    told(data, "ledger", "verify")


def delivered(data: Path) -> int:
    """How many cases have a result that may leave before any read: every reader is shown it, marks included."""
    shown_from = shipped_policies()["masai"].ai.marks_from
    with sqlite3.connect(f"file:{data / 'secondread.db'}?mode=ro", uri=True) as connection:
        scored = connection.execute("SELECT document FROM case_events WHERE kind = 'AiScored'").fetchall()
    return sum(json.loads(document)["exam_score"] >= shown_from for (document,) in scored)

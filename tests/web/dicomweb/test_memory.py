"""An upload of any size and its way back pass through a server whose memory stays as it was."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
import pytest

from tests.dicom.builders import breast, mammogram, write
from tests.dicom.network.stations import free_port
from tests.web.dicomweb.serving import FIRST, SENT_AS, SERIES, STUDY

FRAMES = 1000
MOST_GROWTH_KIB = 60 << 10
_SERVE = """
import sys, uvicorn
from pathlib import Path
from screening.app.compose import Service
from screening.app.server import build_app
from screening.app.settings import Settings
service = Service(Settings(data_dir=Path(sys.argv[1]), dicom_spare_mib=0))
uvicorn.run(build_app(service), port=int(sys.argv[2]), log_level="error", access_log=False)
"""


@contextmanager
def server(folder: Path) -> Iterator[tuple[int, httpx.Client]]:
    """The application in a process of its own: its process id, and a client."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", _SERVE, str(folder), str(port)])
    transport = httpx.HTTPTransport(retries=10)
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=120, trust_env=False, transport=transport
        ) as client:
            _wait(client, process)
            yield process.pid, client
    finally:
        process.terminate()
        process.wait(30)


def _wait(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            client.get("/dicom-web/studies").raise_for_status()
        except httpx.TransportError:
            continue
        return
    raise AssertionError("the server ended")


def peak_kib(pid: int) -> int:
    """Largest resident memory that a process ever had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


def large_object(folder: Path) -> tuple[bytes, int]:
    """The start of a volume of 1,000 frames, and how many zero bytes its pixels are (about 490 MB)."""
    start = mammogram(breast(640, 384), SOPInstanceUID=FIRST, NumberOfFrames=str(FRAMES))
    length = len(start.PixelData) * FRAMES
    written = write(start, folder / "start.dcm").read_bytes()
    head = written[: written.rindex(b"\xe0\x7f\x10\x00OW") + 8]
    return head + length.to_bytes(4, "little"), length


def body(head: bytes, zeros: int) -> Iterator[bytes]:
    yield b"--edge\r\nContent-Type: application/dicom\r\n\r\n" + head
    block = bytes(1 << 20)
    for _ in range(zeros >> 20):
        yield block
    yield bytes(zeros & ((1 << 20) - 1))
    yield b"\r\n--edge--"


@pytest.mark.slow
def test_half_a_gigabyte_goes_in_and_out_through_a_few_megabytes(tmp_path: Path) -> None:
    head, zeros = large_object(tmp_path)
    with server(tmp_path / "data") as (pid, client):
        small = write(mammogram(SOPInstanceUID=f"{FIRST}.1"), tmp_path / "small.dcm").read_bytes()
        warm = body(small, 0)
        assert client.post("/dicom-web/studies", content=warm, headers=SENT_AS).status_code == 200
        before = peak_kib(pid)
        stored = client.post("/dicom-web/studies", content=body(head, zeros), headers=SENT_AS)
        assert stored.status_code == 200, stored.text
        grown_in = peak_kib(pid) - before
        target = f"/dicom-web/studies/{STUDY}/series/{SERIES}/instances/{FIRST}"
        with client.stream("GET", target) as answer:
            assert sum(len(block) for block in answer.iter_bytes()) > zeros
        assert client.get(f"{target}/metadata").status_code == 200
        assert len(client.get(f"{target}/frames/{FRAMES}").content) > zeros // FRAMES
        grown = peak_kib(pid) - before
    assert grown_in < MOST_GROWTH_KIB, f"storing took {grown_in >> 10} MiB"
    assert grown < MOST_GROWTH_KIB, f"retrieving took {grown >> 10} MiB"

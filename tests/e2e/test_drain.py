"""SIGTERM with real processes: nothing new is begun, what is under way ends, and the exit status is 0."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.dicom.builders import mammogram, write
from tests.dicom.network.stations import free_port, sending
from tests.e2e.cli import start

pytestmark = pytest.mark.slow

PATIENCE_S = 120.0


def until(reached: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait for a condition while the process lives."""
    deadline = time.monotonic() + PATIENCE_S
    while not reached():
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        assert time.monotonic() < deadline


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def large(path: Path) -> Path:
    """One mammogram of 256 MiB, more than a sender can push before it is looked at."""
    pixels = np.zeros((16384, 8192), np.uint16)
    return write(mammogram(pixels), path)


@pytest.mark.parametrize("command", ["listen", "serve"])
def test_an_object_under_way_is_completed_and_acknowledged(tmp_path: Path, command: str) -> None:
    data, port, source = tmp_path / "data", free_port(), large(tmp_path / "large.dcm")
    env = {"SECONDREAD_DICOM_PORT": str(port), "SECONDREAD_DICOM_SPARE_MIB": "0"}
    options = ("--port", str(free_port())) if command == "serve" else ()
    process = start(data, command, *options, env=env)
    try:
        until(lambda: listens(port), process)
        sender = subprocess.Popen(sending(port, source), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        until(lambda: under_way(data) > 1 << 20, process)
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        said, _ = sender.communicate(timeout=PATIENCE_S)
        assert sender.returncode == 0, said
        assert process.wait(PATIENCE_S) == 0
        assert time.monotonic() - begun < 60 + 10
    finally:
        process.kill()
        process.communicate()
    assert not listens(port)
    (kept,) = (data / "files").glob("sha256/??/??/*")
    assert kept.stat().st_size > 256 << 20


def under_way(data: Path) -> int:
    """Bytes of the object that arrives."""
    folder = data / "receiving"
    return sum(path.stat().st_size for path in folder.iterdir()) if folder.is_dir() else 0


def test_an_idle_worker_ends_at_once(tmp_path: Path) -> None:
    port = free_port()
    process = start(tmp_path, "worker", env={"SECONDREAD_METRICS_PORT": str(port)})
    try:
        until(lambda: listens(port) and any((tmp_path / "secondread.db.workers").glob("*.lock")), process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()

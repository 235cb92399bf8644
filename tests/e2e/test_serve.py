"""`secondread serve` as a process of its own: answers, works its jobs, and stops when told."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2

from tests.e2e.cli import start

PATIENCE_S = 60.0


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(data: Path) -> Iterator[tuple[subprocess.Popen[bytes], httpx2.Client]]:
    """The service, once it answers."""
    port = free_port()
    process = start(data, "serve", "--port", str(port))
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
        try:
            wait_until_it_answers(process, client)
            yield process, client
        finally:
            process.kill()
            process.communicate()


def wait_until_it_answers(process: subprocess.Popen[bytes], client: httpx2.Client) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            client.get("/health")
        except httpx2.ConnectError:
            continue
        return
    raise AssertionError("the service never answered")


def test_it_serves_and_stops_cleanly(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, client):
        assert client.get("/health").json()["status"] == "ok"
        assert client.get("/openapi.json").json()["info"]["title"] == "Second Read"
        assert "not for clinical use" in client.get("/openapi.json").json()["info"]["description"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) in (0, -signal.SIGTERM)

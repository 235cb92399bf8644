"""The whole application behind a real HTTP server on a port of its own, and bodies to send to it."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import httpx2 as httpx
import uvicorn

from screening.app.compose import Service
from screening.app.demo.clock import CountedIds, PlayedClock
from screening.app.server import build_app
from screening.app.settings import Settings
from tests.services import START

STUDY = "1.2.826.0.1.3680043.8.498.1"
SERIES = "1.2.826.0.1.3680043.8.498.2"
FIRST = "1.2.826.0.1.3680043.8.498.3.1"
INSTANCE = f"/studies/{STUDY}/series/{SERIES}/instances/{FIRST}"
"""Where the first image of `tests.app.test_listening.exam` is found."""

SENT_AS = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=edge'}


@contextmanager
def served(folder: Path, **more: object) -> Iterator[tuple[Service, httpx.Client]]:
    """A service and a client of its DICOMweb face."""
    given = {"data_dir": folder, "policy": "double-human", "dicom_spare_mib": 0, **more}
    service = Service(Settings.model_validate(given), PlayedClock(START), CountedIds())
    server = uvicorn.Server(uvicorn.Config(build_app(service), log_level="warning", access_log=False))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/dicom-web"
        thread = Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
                yield service, client
        finally:
            server.should_exit = True
            thread.join(30)
            service.close()


def body_of(parts: Sequence[bytes], media_type: str = "application/dicom") -> bytes:
    """A multipart body with the boundary of `SENT_AS`."""
    head = f"--edge\r\nContent-Type: {media_type}\r\n\r\n".encode()
    return b"".join(head + part + b"\r\n" for part in parts) + b"--edge--\r\n"


def stow(client: httpx.Client, *paths: Path, study: str = "") -> httpx.Response:
    """Store files."""
    target = f"/studies/{study}" if study else "/studies"
    return client.post(target, content=body_of([path.read_bytes() for path in paths]), headers=SENT_AS)


def values(dataset: dict[str, dict[str, list[object]]], tag: str) -> list[object]:
    """Values of an element of a DICOM JSON data set."""
    return dataset.get(tag, {}).get("Value", [])

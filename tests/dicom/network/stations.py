"""Real DICOM peers for tests: DCMTK's tools, and Orthanc in a folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx
import pytest

ORTHANC = shutil.which("Orthanc") or "/usr/sbin/Orthanc"
_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


def tool(name: str) -> str:
    """A tool of DCMTK, never its namesake in the virtual environment; skips where absent, fails in CI."""
    path = Path("/usr/bin") / name
    if not path.exists():
        missing(f"{name} (Debian package dcmtk)")
    return str(path)


def missing(what: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing in CI")
    pytest.skip(f"{what} is not installed")


def free_port() -> int:
    """A port that nobody uses now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def sending(port: int, *files: Path, calling: str = "UNIT1", called: str = "SECONDREAD") -> list[str]:
    """The command that sends files by DCMTK's storescu, which must be uncompressed."""
    options = ["-R", "-v", "-aet", calling, "-aec", called]
    return [tool("storescu"), *options, "127.0.0.1", str(port), *map(str, files)]


def send(
    port: int, *files: Path, calling: str = "UNIT1", called: str = "SECONDREAD"
) -> subprocess.CompletedProcess[str]:
    """Send files by DCMTK's storescu."""
    command = sending(port, *files, calling=calling, called=called)
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@dataclass(frozen=True)
class Orthanc:
    """A running Orthanc: its REST face and its DICOM port."""

    web: httpx.Client
    port: int
    title: str

    def instances(self) -> list[str]:
        return list(self.web.get("/instances").json())

    def upload(self, *files: Path) -> None:
        for path in files:
            self.web.post("/instances", content=path.read_bytes()).raise_for_status()

    def job(self, path: str, body: Mapping[str, object]) -> dict[str, object]:
        """Start a job and wait until it ends; returns its last state."""
        started = self.web.post(path, json={**body, "Synchronous": False}).json()
        until = time.monotonic() + 60
        while time.monotonic() < until:
            state: dict[str, object] = self.web.get(f"/jobs/{started['ID']}").json()
            if state["State"] in ("Success", "Failure"):
                return state
        raise AssertionError("Orthanc's job did not end")


@contextmanager
def running_orthanc(
    folder: Path,
    modalities: Mapping[str, tuple[str, int]],
    title: str = "ORTHANC",
    dicom_port: int = 0,
    settings: Mapping[str, object] | None = None,
) -> Iterator[Orthanc]:
    """Orthanc on free ports, knowing these modalities by (AE title, port)."""
    if not Path(ORTHANC).exists():
        missing("Orthanc (Debian package orthanc)")
    http_port, dicom_port = free_port(), dicom_port or free_port()
    document = {
        "Name": "peer",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "HttpPort": http_port,
        "DicomPort": dicom_port,
        "DicomAet": title,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAlwaysAllowStore": True,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowMove": True,
        "DicomCheckModalityHost": False,
        "DicomModalities": {name: [aet, "127.0.0.1", port] for name, (aet, port) in modalities.items()},
        "Plugins": [str(_PLUGIN)] if _PLUGIN.exists() else [],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        **(settings or {}),
    }
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "orthanc.json"
    file.write_text(json.dumps(document))
    with (folder / "orthanc.log").open("wb") as log:
        process = subprocess.Popen([ORTHANC, str(file)], stdout=log, stderr=log)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{http_port}", timeout=60, trust_env=False) as web:
                _wait_until_up(web, process)
                yield Orthanc(web, dicom_port, title)
        finally:
            process.terminate()
            process.wait(30)


def _wait_until_up(web: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            web.get("/system").raise_for_status()
        except httpx.TransportError:
            assert process.poll() is None, "Orthanc ended at once"
        else:
            return
    raise AssertionError("Orthanc did not start")

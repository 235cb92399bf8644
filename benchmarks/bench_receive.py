"""Times taking exams in over DICOM beside Orthanc: the same sender, the same files, the same disk, one after the other.

Run `python -m benchmarks.bench_receive [--images N] [--frames N]`. The sender is DCMTK's storescu; memory is the peak
resident size of the receiving process and its children.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from benchmarks.bench_dicom import picture
from screening.dicom.bto_object import BtoPixels, Window, write_bto
from screening.dicom.mg_object import Intent, MgPixels, write_mg
from screening.domain.identifiers import Participant, PersonId, SeriesInstanceUid, SopInstanceUid, StudyInstanceUid
from screening.domain.study import Device, Laterality, StudyHeader, View
from tests.dicom.network.stations import free_port, running_orthanc, sending, tool

MADE = datetime(2026, 3, 2, 9, 20)  # noqa: DTZ001  # DICOM times have no zone
DEVICE = Device("Second Read Phantom", "Style A", "1.0")
ROOT = "1.2.826.0.1.3680043.8.498.5"


@dataclass(frozen=True)
class Received:
    """What one receiver took: seconds, megabytes a second, and peak memory in MiB."""

    seconds: float
    rate: float
    peak_mib: float


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--frames", type=int, default=60)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-receive-") as folder:
        _measure(Path(folder), given.images, given.frames)


def _measure(folder: Path, images: int, frames: int) -> None:
    sets = {
        f"{images} mammograms": _mammograms(folder / "mg", images),
        f"one volume of {frames} frames": [_volume(folder / "dbt", frames)],
    }
    print(f"{'files':<28}{'receiver':<12}{'MB':>8}{'s':>8}{'MB/s':>8}{'peak MiB':>10}")
    for name, files in sets.items():
        size = sum(path.stat().st_size for path in files) / 1e6
        for receiver, run in {"secondread": _ours, "Orthanc": _orthanc}.items():
            found = run(folder / f"{receiver}-{len(files)}", files, size)
            print(f"{name:<28}{receiver:<12}{size:>8.0f}{found.seconds:>8.2f}{found.rate:>8.0f}{found.peak_mib:>10.0f}")


def _ours(folder: Path, files: list[Path], size: float) -> Received:
    port = free_port()
    env = os.environ | {"SECONDREAD_DICOM_PORT": str(port), "SECONDREAD_DICOM_SPARE_MIB": "0"}
    command = [sys.executable, "-m", "screening.app", "--data-dir", str(folder), "listen"]
    with _running(command, env) as process:
        _until_up(port)
        return _timed(port, files, size, process.pid)


def _orthanc(folder: Path, files: list[Path], size: float) -> Received:
    with running_orthanc(folder, {}) as peer:
        return _timed(peer.port, files, size, _child_named("Orthanc"))


def _timed(port: int, files: list[Path], size: float, pid: int) -> Received:
    began = time.perf_counter()
    subprocess.run(sending(port, *files), check=True, capture_output=True)
    seconds = time.perf_counter() - began
    return Received(seconds, size / seconds, _peak_mib(pid))


def _peak_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _child_named(name: str) -> int:
    """The process of that name which this one started."""
    found = subprocess.run(["pgrep", "-P", str(os.getpid()), "-x", name], capture_output=True, text=True, check=True)
    return int(found.stdout.split()[0])


@contextmanager
def _running(command: list[str], env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def _until_up(port: int) -> None:
    command = [tool("echoscu"), "127.0.0.1", str(port)]
    _until(lambda: subprocess.run(command, capture_output=True, check=False).returncode == 0)


def _until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not reached():
        if time.monotonic() > deadline:
            raise TimeoutError("the receiver did not start")


def _header(number: int) -> StudyHeader:
    woman = Participant(PersonId("BENCH", f"W{number}"), "Synthetic", "Woman", "1961-01-01")
    return StudyHeader(StudyInstanceUid(f"{ROOT}.1.{number}"), woman, f"B{number}", MADE.date())


def _mammograms(folder: Path, count: int) -> list[Path]:
    folder.mkdir()
    pixels = np.ascontiguousarray(picture())
    views = [(side, view) for side in (Laterality.LEFT, Laterality.RIGHT) for view in (View.CC, View.MLO)]
    for number in range(count):
        side, view = views[number % 4]
        image = MgPixels(
            pixels=pixels,
            header=_header(number // 4),
            laterality=side,
            view=view,
            pixel_mm=0.1,
            device=DEVICE,
            window_center=2048,
            window_width=4096,
            acquired_at=MADE,
            sop_instance_uid=SopInstanceUid(f"{ROOT}.3.{number}"),
            series_instance_uid=SeriesInstanceUid(f"{ROOT}.2.{number}"),
            intent=Intent.PRESENTATION,
        )
        write_mg(image, folder / f"{number}.dcm")
    return sorted(folder.iterdir())


def _volume(folder: Path, frames: int) -> Path:
    folder.mkdir()
    plane = np.ascontiguousarray(picture()[:2457, :1996])
    volume = BtoPixels(
        slices=np.broadcast_to(plane, (frames, *plane.shape)),
        header=_header(10_000),
        laterality=Laterality.RIGHT,
        view=View.CC,
        pixel_mm=0.1,
        slice_mm=1.0,
        device=DEVICE,
        windows=[Window(2048, 4096)],
        acquired_at=MADE,
        sop_instance_uid=SopInstanceUid(f"{ROOT}.4"),
        series_instance_uid=SeriesInstanceUid(f"{ROOT}.5"),
        frame_of_reference_uid=f"{ROOT}.6",
    )
    write_bto(volume, folder / "volume.dcm")
    return folder / "volume.dcm"


if __name__ == "__main__":
    main()

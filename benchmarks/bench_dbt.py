"""Seconds and peak memory from DICOM files to AI read of a tomosynthesis exam of four volumes of about 60 slices.

Run: `python -m benchmarks.bench_dbt`. Each read runs in a process of its own, so that its peak memory is its own. The
peer decodes the same volumes whole with pydicom and does nothing else.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import pydicom

from models.phantom.anatomy import draw_woman
from screening.app import compose
from screening.app.phantoms import Kind, Order, Style, write_round
from screening.app.readers import ai_reader
from screening.app.scoring import FilesInPlace, describe
from screening.app.settings import Settings

SYNTAXES = {"JPEG-LS lossless": "1.2.840.10008.1.2.4.80", "JPEG 2000 lossless": "1.2.840.10008.1.2.4.90"}
SLICES = 60


def seed_of_thick_breast() -> int:
    """The first round whose first woman is compressed to about as many mm as slices are wanted."""
    return next(seed for seed in range(1, 999) if abs(draw_woman(seed * 10_000 + 1, None).thickness_mm - SLICES) < 1)


def read(folder: Path) -> None:
    """Read the exam in a folder and print its figures."""
    place = FilesInPlace()
    reader = ai_reader(Settings(), place)
    (study,), _unreadable, _names = describe(sorted(folder.rglob("*.dcm")), place, compose.instance_reader())
    began = perf_counter()
    answer = reader.read(study, compose.pixel_source(place), "bench")
    seconds, frames = perf_counter() - began, sum(image.frames for image in study.images)
    _print_row(f"{answer.status.value}, {answer.identity.engine if answer.identity else '-'}", frames, seconds)


def decode(folder: Path) -> None:
    """Decode every volume with pydicom and print the figures."""
    began, frames = perf_counter(), 0
    for path in sorted(folder.rglob("*.dcm")):
        frames += len(pydicom.dcmread(path).pixel_array)
    _print_row("peer: pydicom decode only", frames, perf_counter() - began)


def _print_row(name: str, frames: int, seconds: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{name:<34}{frames:>8}{seconds:>10.1f}{peak:>12.2f}", flush=True)


def main() -> None:
    """Print the table."""
    if len(sys.argv) == 3:
        {"read": read, "decode": decode}[sys.argv[1]](Path(sys.argv[2]))
        return
    print(f"{'four volumes, 2294 x 1914':<34}{'frames':>8}{'seconds':>10}{'peak GiB':>12}")
    for name, syntax in SYNTAXES.items():
        with TemporaryDirectory() as folder:
            order = Order(1, seed_of_thick_breast(), Kind.DBT, style=Style.A, transfer_syntax=syntax, full=True)
            write_round(order, Path(folder) / "exams", 2, lambda: None)
            print(name, flush=True)
            for work in ("read", "decode"):
                subprocess.run([sys.executable, "-m", "benchmarks.bench_dbt", work, folder], check=True)


if __name__ == "__main__":
    main()

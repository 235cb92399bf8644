"""Seconds to score a four-view exam at full resolution, per stage, beside a peer of the same run.

Run: `python -m benchmarks.bench_score [repeats]`. The peer decodes and windows with pydicom's own functions and runs a
plain timm resnet18 at 2048 x 1024, the size that published models read at; it does not map regions back or calibrate.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import pydicom
import torch
from pydicom.pixels.processing import apply_voi_lut

from models import phantom
from models.torchvision_shim import make_importable
from screening.app import compose
from screening.app.demo.cast import cast
from screening.app.demo.exams import JPEG_2000_LOSSLESS, mg_image, study_header
from screening.app.scoring import FilesInPlace, describe
from screening.app.settings import Settings
from screening.dicom.mg_object import write_mg
from screening.domain.ai_read import Timing

START = datetime(2026, 1, 5, 8, tzinfo=UTC)


def write_exam(folder: Path) -> list[Path]:
    """A four-view phantom exam of 2294 x 1914 pixels in lossless JPEG 2000."""
    (participant,) = cast(1, 1)
    header, paths = study_header(participant, START), []
    for number, view in enumerate(phantom.exam(1, phantom.ExamSpec().at_full_resolution()).views, 1):
        path = folder / f"{view.laterality}{view.view}.dcm"
        image = mg_image(view, header, participant, number, START)
        write_mg(image, path, JPEG_2000_LOSSLESS)
        paths.append(path)
    return paths


def ours(paths: list[Path], repeats: int) -> Timing:
    """Median seconds per stage."""
    reader, place = compose.ai_reader(Settings()), FilesInPlace()
    (study,), _unreadable, _names = describe(paths, place, compose.instance_reader())
    pixels = compose.pixel_source(place)
    timings = [reader.read(study, pixels, "bench").timing for _ in range(repeats + 1)][1:]
    stages = zip(*((t.decode_s, t.preprocess_s, t.network_s, t.total_s) for t in timings if t), strict=True)
    return Timing(*(median(stage) for stage in stages))


def peer(paths: list[Path], repeats: int) -> tuple[float, float]:
    """Median seconds to decode and window with pydicom, and to run resnet18 eagerly, per exam."""
    make_importable()
    import timm

    network = timm.create_model("resnet18", in_chans=1, num_classes=1).eval()
    decoding, running = [], []
    for _ in range(repeats):
        began = perf_counter()
        pictures = [apply_voi_lut(dataset.pixel_array, dataset) for dataset in map(pydicom.dcmread, paths)]
        decoding.append(perf_counter() - began)
        began = perf_counter()
        with torch.inference_mode():
            for picture in pictures:
                array = torch.from_numpy(np.ascontiguousarray(picture, np.float32))[None, None]
                network(torch.nn.functional.interpolate(array, (2048, 1024)))
        running.append(perf_counter() - began)
    return median(decoding), median(running)


def main() -> None:
    """Print the table."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with TemporaryDirectory() as folder:
        paths = write_exam(Path(folder))
        timing = ours(paths, repeats)
        decode, network = peer(paths, repeats)
    print("seconds per four-view exam, 2294 x 1914, JPEG 2000 lossless (decode: sum over threads)")
    print(f"{'stage':<14}{'ours':>8}{'peer':>8}")
    print(f"{'decode':<14}{timing.decode_s:>8.2f}{decode:>8.2f}")
    print(f"{'preprocess':<14}{timing.preprocess_s:>8.2f}{'-':>8}")
    print(f"{'network':<14}{timing.network_s:>8.2f}{network:>8.2f}")
    print(f"{'total':<14}{timing.total_s:>8.2f}{decode + network:>8.2f}")


if __name__ == "__main__":
    main()

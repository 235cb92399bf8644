"""Seconds from DICOM files to AI read of a four-view mammography exam, per engine and stage, beside a peer.

Run: `python -m benchmarks.bench_score [repeats]`. The peer decodes and windows with pydicom's own functions and runs a
plain timm resnet18 at 2048 x 1024, the size that published models read at; it does not map regions back or calibrate.
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Literal

import numpy as np
import pydicom
import torch
from pydicom.pixels.processing import apply_voi_lut

from models.torchvision_shim import make_importable
from screening.app import compose
from screening.app.phantoms import Order, Style, write_round
from screening.app.readers import ai_reader
from screening.app.scoring import FilesInPlace, describe
from screening.app.settings import Settings
from screening.domain.ai_read import Timing

Engine = Literal["torch", "onnxruntime", "openvino"]
RUNS: tuple[tuple[Engine, Literal["f32", "bf16"]], ...] = (
    ("torch", "f32"),
    ("onnxruntime", "f32"),
    ("openvino", "f32"),
    ("openvino", "bf16"),
)


def write_exam(folder: Path) -> list[Path]:
    """A four-view phantom exam of 2294 x 1914 pixels in lossless JPEG 2000."""
    order = Order(exams=1, full=True, style=Style.A, transfer_syntax="1.2.840.10008.1.2.4.90")
    write_round(order, folder / "exams", 2, lambda: None)
    return sorted(folder.rglob("*.dcm"))


def ours(paths: list[Path], settings: Settings, repeats: int) -> Timing:
    """Median seconds per stage; the first read, which warms up, does not count."""
    place = FilesInPlace()
    reader = ai_reader(settings, place)
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
    print("seconds per four-view exam, 2294 x 1914, JPEG 2000 lossless; stages overlap, total is wall time")
    print(f"{'engine':<24}{'decode':>9}{'prepare':>9}{'network':>9}{'total':>9}")
    with TemporaryDirectory() as folder:
        paths = write_exam(Path(folder))
        for engine, precision in RUNS:
            t = ours(paths, Settings(engine=engine, precision=precision), repeats)
            name = f"{engine} {precision}"
            print(f"{name:<24}{t.decode_s:>9.2f}{t.preprocess_s:>9.2f}{t.network_s:>9.2f}{t.total_s:>9.2f}")
        decode, network = peer(paths, repeats)
    print(f"{'peer: pydicom, resnet18':<24}{decode:>9.2f}{'-':>9}{network:>9.2f}{decode + network:>9.2f}")


if __name__ == "__main__":
    main()

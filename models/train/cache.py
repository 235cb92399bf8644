"""Generates the training samples once, in parallel, into flat files that every epoch reads.

The files' name holds a fingerprint of everything the samples depend on, so a changed phantom never meets an old cache.
"""

from __future__ import annotations

import functools
import hashlib
import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models import phantom
from models.preprocess import SETTINGS, identity
from models.train.samples import GRID, Sample, training_breast

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

CHANNELS = 5
LABELS = 6


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """N views: images uint8 (N, H, W), targets uint8 (N, 5, h, w), labels uint8 (N, 6); see `samples.Sample`."""

    images: NDArray[np.uint8]
    targets: NDArray[np.uint8]
    labels: NDArray[np.uint8]


def samples(
    first_seed: int,
    breasts: int,
    malignant_share: float,
    folder: Path,
    workers: int,
    report: Callable[[str], None],
) -> Samples:
    """Return the samples of `breasts` consecutive women, from `folder` where a finished cache of them lies."""
    stem = folder / f"{first_seed}-{breasts}-{malignant_share:g}-{fingerprint()[:12]}"
    done = Path(f"{stem}.done")
    count = 2 * breasts
    shapes = {"images": (count, SETTINGS.rows, SETTINGS.cols), "targets": (count, CHANNELS, *GRID)}
    paths = {name: Path(f"{stem}.{name}.npy") for name in (*shapes, "labels")}
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        files = {n: np.lib.format.open_memmap(paths[n], "w+", np.uint8, shape) for n, shape in shapes.items()}
        files["labels"] = np.lib.format.open_memmap(paths["labels"], "w+", np.uint8, (count, LABELS))
        _fill(files, range(first_seed, first_seed + breasts), malignant_share, workers, report)
        done.touch()
    loaded = {name: np.load(path, mmap_mode="r") for name, path in paths.items()}
    return Samples(loaded["images"], loaded["targets"], loaded["labels"])


@functools.cache
def fingerprint() -> str:
    """Return a hash over the phantom's source text, the sample rules and the preprocessing."""
    digest = hashlib.sha256(json.dumps(identity()).encode())
    sources = sorted(Path(phantom.__file__).parent.glob("*.py"))
    for path in [*sources, Path(__file__).with_name("samples.py")]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _fill(
    files: dict[str, np.memmap[tuple[int, ...], np.dtype[np.uint8]]],
    seeds: range,
    malignant_share: float,
    workers: int,
    report: Callable[[str], None],
) -> None:
    """Generate every breast and write its two views at their place."""
    make = partial(training_breast, malignant_share=malignant_share)
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        for index, views in enumerate(pool.map(make, seeds, chunksize=8)):
            for offset, view in enumerate(views):
                _write(files, 2 * index + offset, view)
            if (index + 1) % 50 == 0 or index + 1 == len(seeds):
                report(f"phantom breasts {index + 1}/{len(seeds)}")


def _write(files: dict[str, np.memmap[tuple[int, ...], np.dtype[np.uint8]]], row: int, view: Sample) -> None:
    files["images"][row] = view.image
    files["targets"][row] = view.target
    files["labels"][row] = view.labels

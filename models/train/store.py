"""Generates training data once, in parallel, into chunk files that a killed run finds again.

A chunk's name holds a fingerprint of everything its content depends on, so a changed phantom never meets an old cache.
"""

from __future__ import annotations

import functools
import hashlib
import json
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from models import phantom
from models.preprocess import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from models.train.progress import Progress

    Columns = Mapping[str, NDArray[np.generic]]

CHUNK = 10
"""Women per file."""
_SOURCES = ("planes.py", "volumes.py", "windows.py", "women.py", "samples.py", "reading.py")
_SHARED = ("preprocess.py", "crops.py", "slabs.py", "pipeline.py", "pipeline_volume.py", "regions.py")


def generated(
    kind: str,
    make: Callable[[range], Columns],
    seeds: range,
    folder: Path,
    workers: int,
    progress: Progress,
    seconds: float = 0.0,
) -> list[dict[str, NDArray[np.generic]]]:
    """Return the columns of every chunk of `seeds`, made by `make` (picklable) where no finished file of them lies.

    With `seconds` > 0 no chunk is begun after that time; at least one is always made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = [range(a, min(a + CHUNK, seeds.stop)) for a in range(seeds.start, seeds.stop, CHUNK)]
    paths = {part: folder / f"{kind}-{part.start}-{len(part)}-{fingerprint()[:12]}.npz" for part in parts}
    missing = [part for part in parts if not paths[part].exists()]
    _make_all(kind.split("-")[0], make, {part: paths[part] for part in missing}, workers, progress, seconds)
    return [_read(paths[part]) for part in parts if paths[part].exists()]


@functools.cache
def fingerprint() -> str:
    """Return a hash over the phantom's source text, the sample rules and the preprocessing."""
    digest = hashlib.sha256(json.dumps(identity()).encode())
    here = [Path(__file__).with_name(name) for name in _SOURCES]
    models = Path(__file__).parents[1]
    shared = [models / name for name in _SHARED]
    for path in [*sorted(Path(phantom.__file__).parent.glob("*.py")), *here, *shared]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _make_all(
    kind: str,
    make: Callable[[range], Columns],
    missing: Mapping[range, Path],
    workers: int,
    progress: Progress,
    seconds: float,
) -> None:
    """Make the missing chunks, in this process when one worker is asked for."""
    if not missing:
        return
    task, items = partial(_make_one, make), list(missing.items())
    deadline = time.monotonic() + seconds if seconds else float("inf")
    with progress.bar(f"{kind} phantoms", sum(map(len, missing))) as advance:
        if workers == 1:
            for number, item in enumerate(items):
                if number and time.monotonic() > deadline:
                    break
                advance(task(item))
            return
        with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _one_thread) as pool:
            for start in range(0, len(items), 4 * workers):
                if start and time.monotonic() > deadline:
                    break
                for done in pool.map(task, items[start : start + 4 * workers]):
                    advance(done)


def _one_thread() -> None:
    """Let a worker process compute with one thread; several would fight over the same cores."""
    threadpool_limits(1)


def _make_one(make: Callable[[range], Columns], item: tuple[range, Path]) -> int:
    """Make one chunk and move it into place; return how many women it holds."""
    part, path = item
    columns = make(part)
    waiting = path.with_suffix(".part")
    with waiting.open("wb") as file:
        np.savez(file, **columns)  # type: ignore[arg-type]
    waiting.replace(path)
    return len(part)


def _read(path: Path) -> dict[str, NDArray[np.generic]]:
    with np.load(path) as content:
        return {name: content[name] for name in content.files}

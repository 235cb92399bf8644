"""The cache of training data: made once, found again, bounded by time, never half written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.train.progress import Progress
from models.train.store import CHUNK, generated

WOMEN = range(7, 7 + 2 * CHUNK + 3)


def make(women: range) -> dict[str, np.ndarray]:
    """One number per woman."""
    return {"square": np.array([seed**2 for seed in women])}


def squares(chunks: list[dict[str, np.ndarray]]) -> list[int]:
    return [int(value) for chunk in chunks for value in chunk["square"]]


def test_chunks_come_in_order_and_are_made_once(tmp_path: Path) -> None:
    def refuse(women: range) -> dict[str, np.ndarray]:
        raise AssertionError(women)

    first = generated("test", make, WOMEN, tmp_path, 1, Progress(quiet=True))
    assert squares(first) == [seed**2 for seed in WOMEN]
    assert squares(generated("test", refuse, WOMEN, tmp_path, 1, Progress(quiet=True))) == squares(first)


def test_a_limit_of_time_still_makes_one_chunk_and_a_later_run_the_rest(tmp_path: Path) -> None:
    hurried = generated("test", make, WOMEN, tmp_path, 1, Progress(quiet=True), seconds=1e-9)
    assert squares(hurried) == [seed**2 for seed in WOMEN[:CHUNK]]
    assert len(squares(generated("test", make, WOMEN, tmp_path, 1, Progress(quiet=True)))) == len(WOMEN)


def test_what_a_failing_maker_leaves_is_not_taken_for_a_chunk(tmp_path: Path) -> None:
    def fail(women: range) -> dict[str, np.ndarray]:
        raise OSError(f"no room for {len(women)}")

    with pytest.raises(OSError, match="no room"):
        generated("test", fail, WOMEN, tmp_path, 1, Progress(quiet=True))
    assert squares(generated("test", make, WOMEN, tmp_path, 1, Progress(quiet=True))) == [seed**2 for seed in WOMEN]

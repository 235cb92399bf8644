"""A folder that several runs may fill at once: each works in a sub-folder of its own and publishes whole results.

A run that was killed leaves its work folder behind; the next run takes it away. Which run still lives is told by a
lock on the work folder, that dies with its process.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from screening.app.output import writing

PREFIX: Final = ".run-"


class ResultsFolder:
    """Where one run publishes its results."""

    def __init__(self, out: Path, work: Path) -> None:
        """`work` lies in `out`, so that publishing is one rename."""
        self.out = out
        self._work = work

    def part(self, name: str) -> Path:
        """An empty folder for a result that is being made."""
        part = self._work / name
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        return part

    def publish(self, name: str, done: Callable[[Path], bool]) -> None:
        """Put a finished part in its place, unless another run has put one there that is `done`."""
        target = self.out / name
        with _locked(self.out):
            if done(target):
                return
            shutil.rmtree(target, ignore_errors=True)
            (self._work / name).replace(target)


@contextmanager
def results_folder(out: Path) -> Iterator[ResultsFolder]:
    """The folder for the length of a run. Raises InvalidInput or StoreUnavailable when it cannot be written."""
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        with _locked(out):
            _remove_what_the_dead_left(out)
            work = Path(tempfile.mkdtemp(prefix=PREFIX, dir=out))
            held = _lock(work, fcntl.LOCK_EX)
    try:
        yield ResultsFolder(out, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
        os.close(held)


def _remove_what_the_dead_left(out: Path) -> None:
    for work in out.glob(f"{PREFIX}*"):
        try:
            held = _lock(work, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        shutil.rmtree(work, ignore_errors=True)
        os.close(held)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    held = _lock(folder, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(held)


def _lock(folder: Path, how: int) -> int:
    """An open descriptor of the folder that holds the lock until it is closed."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, how)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor

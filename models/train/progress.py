"""Progress bars on a terminal, lines elsewhere, a CSV log of every epoch, and where the time went."""

from __future__ import annotations

import csv
import sys
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tqdm import tqdm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

EVERY_S = 20.0
"""Seconds between lines where there is no terminal to draw a bar on."""


@dataclass
class Progress:
    """What a run tells while it runs. `log` is the CSV file (None: no log); `pace` collects (items, seconds)."""

    log: Path | None = None
    quiet: bool = False
    lines: list[str] = field(default_factory=list)
    pace: dict[str, tuple[float, float]] = field(default_factory=lambda: defaultdict(lambda: (0.0, 0.0)))
    started: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        """Write one line to stderr and keep it."""
        line = f"[{time.monotonic() - self.started:6.0f} s] {text}"
        self.lines.append(line)
        if not self.quiet:
            tqdm.write(line, file=sys.stderr)
            sys.stderr.flush()

    @contextmanager
    def bar(self, name: str, total: int) -> Iterator[Callable[[int], None]]:
        """Yield a function that counts items done; the pace is kept under `name`."""
        began, done, spoken = time.monotonic(), 0, time.monotonic()
        terminal = sys.stderr.isatty() and not self.quiet
        with tqdm(total=total, desc=name, unit="", leave=False, disable=not terminal) as drawn:

            def advance(count: int) -> None:
                nonlocal done, spoken
                done += count
                drawn.update(count)
                if not terminal and time.monotonic() - spoken > EVERY_S:
                    spoken = time.monotonic()
                    self.say(f"{name} {done}/{total}, {done / (spoken - began):.1f}/s")

            yield advance
        self.count(name, done, time.monotonic() - began)

    def count(self, name: str, items: float, seconds: float) -> None:
        """Add to the statistic of where time goes."""
        before = self.pace[name]
        self.pace[name] = (before[0] + items, before[1] + seconds)

    def row(self, stage: str, epoch: int, **figures: float) -> None:
        """Append one line to the CSV log and say it."""
        self.say(f"{stage} epoch {epoch}: " + ", ".join(f"{name} {value:.4g}" for name, value in figures.items()))
        if self.log is None:
            return
        with self.log.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            seconds = f"{time.monotonic() - self.started:.1f}"
            for name, value in figures.items():
                writer.writerow([seconds, stage, epoch, name, f"{value:.6g}"])

    def statistic(self) -> dict[str, dict[str, float]]:
        """Return items, seconds and items per second of everything that was counted."""
        return {
            name: {"items": items, "seconds": round(seconds, 1), "per_second": round(items / max(seconds, 1e-9), 2)}
            for name, (items, seconds) in self.pace.items()
        }

"""Time and ids of the demonstration: both follow from the seed, so that two runs give the same round."""

from __future__ import annotations

from datetime import datetime, timedelta


class PlayedClock:
    """A clock that moves when it is told to."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """The played time."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._now += by


class CountedIds:
    """Ids that count per prefix."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def new(self, prefix: str) -> str:
        """`prefix` and the next number."""
        self._counts[prefix] = self._counts.get(prefix, 0) + 1
        return f"{prefix}-{self._counts[prefix]:06d}"

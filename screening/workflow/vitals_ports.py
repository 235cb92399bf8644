"""What operation asks of the store: counts and times that cost little, and which exam a piece of work belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from screening.domain.vitals import Vitals


class VitalSigns(Protocol):
    """Reads only; every method raises StoreUnavailable when the database cannot be used now."""

    def take(self) -> Vitals:
        """Counts and latest times, by a few queries that list no case."""
        ...

    def deliveries(self) -> Mapping[tuple[str, str], int]:
        """Deliveries by destination and state."""
        ...

    def exam_of(self, study: str) -> str | None:
        """Correlation id of the exam that this study belongs to; None for an unknown one. It tells no person."""
        ...

    def exam_of_commitment(self, transaction_uid: str) -> str | None:
        """Correlation id of the exam whose results a destination was asked to keep; None for an unknown one."""
        ...

    def first_image_at(self, study: str) -> datetime | None:
        """When the first image of a woman's study was registered; None for an unknown study or a self-test."""
        ...

"""What audits read: one flat row per case, streamed from events; nothing here writes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

from sqlalchemy.orm import Session

from screening.domain.episode import EpisodeRow


class SqlAuditRows:
    """The `AuditRows` port over SQL."""

    def __init__(self, session: Session, zone: tzinfo) -> None:
        self._session = session
        self._zone = zone

    def episode_rows(self) -> Iterator[EpisodeRow]:
        """One row per case."""
        raise NotImplementedError

"""The real clock and the real source of ids."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime


class SystemClock:
    """Current time in UTC."""

    def now(self) -> datetime:
        """Timezone-aware UTC."""
        return datetime.now(UTC)


class RandomIds:
    """Ids from random UUIDs."""

    def new(self, prefix: str) -> str:
        """`prefix` and 32 hexadecimal digits."""
        return f"{prefix}-{uuid.uuid4().hex}"

"""Do the durable jobs that wait, in this process, and stop."""

from __future__ import annotations

from screening.app.compose import Service
from screening.store.runner import JobCounts

PATIENCE_S = 24 * 3600.0


def drain(service: Service) -> JobCounts:
    """Work until no job waits; what cannot be done is parked with its reason."""
    return service.runner().run_until_idle(PATIENCE_S)

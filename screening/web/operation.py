"""What watches over the service asks here: /health and /metrics, without identity and without log-in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from screening.workflow.check_up import Checkup

UNAVAILABLE: Final = 503


def operation_router(checkup: Callable[[], Checkup], registry: CollectorRegistry) -> APIRouter:
    """The two routes over these sources."""
    router = APIRouter(tags=["operation"])

    @router.get("/health", responses={UNAVAILABLE: {"model": Checkup}})
    def health(response: Response) -> Checkup:
        """What went through lately, with reasons and status 503 when exams are not taken in or read as they should."""
        found = checkup()
        if found.failing:
            response.status_code = UNAVAILABLE
        return found

    @router.get("/metrics", response_class=Response)
    def metrics() -> Response:
        """Prometheus metrics: no label ever holds a person or an id."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router

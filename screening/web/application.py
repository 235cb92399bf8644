"""Builds the FastAPI application: routers, error translation, health and metrics; no adapter is made here."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from starlette.middleware.base import RequestResponseEndpoint

from screening.domain.case import CaseState
from screening.domain.errors import InvalidInput, SecondReadError
from screening.web import errors
from screening.web.api import cases, instances, programme
from screening.web.operations import Operations

API = "/api/v1"


def create_application(operations: Operations, version: str, routers: Sequence[APIRouter] = ()) -> FastAPI:
    """The application over these ports; `routers` of other rooms are mounted beside our own under the API prefix."""
    app = FastAPI(
        title="Second Read",
        version=version,
        summary="Double reading of screening mammography: AI second read, arbitration, structured reports, audit.",
        description="AI results come from a phantom-trained model and are not for clinical use.",
    )
    app.state.operations = operations
    for router in (cases.router, instances.router, programme.router, *routers):
        app.include_router(router, prefix=API)
    app.add_exception_handler(SecondReadError, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    registry = CollectorRegistry()
    _measure(app, registry)
    _add_health(app, operations, registry)
    return app


def _answer_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SecondReadError)  # noqa: S101  # registered for this class only
    problem = errors.problem(error)
    return JSONResponse(problem, status_code=int(str(problem["status"])), media_type="application/problem+json")


def _answer_invalid(request: Request, error: Exception) -> JSONResponse:
    """Name the fields that are wrong, never their values: a value may be a name."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  # registered for this class only
    fields = "; ".join(f"{'.'.join(str(part) for part in item['loc'])}: {item['type']}" for item in error.errors())
    return _answer_error(request, InvalidInput(fields))


def _measure(app: FastAPI, registry: CollectorRegistry) -> None:
    seconds = Histogram("secondread_request_seconds", "Time to answer", ["route", "method"], registry=registry)
    answers = Counter("secondread_requests_total", "Answers", ["route", "method", "status"], registry=registry)

    @app.middleware("http")
    async def measure(request: Request, call_next: RequestResponseEndpoint) -> Response:
        begun = perf_counter()
        response = await call_next(request)
        route = getattr(request.scope.get("route"), "path", "unmatched")
        seconds.labels(route, request.method).observe(perf_counter() - begun)
        answers.labels(route, request.method, response.status_code).inc()
        return response


def _add_health(app: FastAPI, operations: Operations, registry: CollectorRegistry) -> None:
    @app.get("/health", tags=["operation"])
    def health() -> dict[str, object]:
        """Whether the store answers; counts of open cases by state."""
        with operations.units() as uow:
            listed = uow.cases.list()
        counts = {state.value: sum(case.state is state for case in listed) for state in CaseState}
        return {"status": "ok", "cases": counts}

    @app.get("/metrics", tags=["operation"], response_class=Response)
    def metrics() -> Response:
        """Prometheus metrics: no label ever holds a person or an id."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

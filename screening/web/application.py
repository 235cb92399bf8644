"""Builds the FastAPI application: routers, error translation, measures; no adapter is made here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.middleware.base import RequestResponseEndpoint

from screening.domain.errors import InvalidInput, SecondReadError
from screening.web import errors
from screening.web.api import cases, instances, programme
from screening.web.operation import operation_router
from screening.web.operations import Operations
from screening.workflow.check_up import Checkup

API = "/api/v1"


def create_application(
    operations: Operations,
    version: str,
    checkup: Callable[[], Checkup],
    registry: CollectorRegistry,
    routers: Sequence[APIRouter] = (),
) -> FastAPI:
    """The application over these ports; `routers` of other rooms are mounted beside our own under the API prefix.

    `checkup` answers /health; what is measured here is added to the figures of `registry`.
    """
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
    _measure(app, registry)
    app.include_router(operation_router(checkup, registry))
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

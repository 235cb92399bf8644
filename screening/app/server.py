"""One process that serves the HTTP face and does the durable jobs: the embedded default."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import uvicorn
from fastapi import FastAPI

from audits.http import audit_router
from audits.report import AuditReport
from screening.app.auditing import audit_report
from screening.app.compose import VERSION, Service, open_service
from screening.app.logging import configure_logging
from screening.app.settings import Settings
from screening.app.terminal import housekeep
from screening.web.api import follow_up
from screening.web.application import create_application

HOUSEKEEPING_S = 30.0


def build_app(service: Service) -> FastAPI:
    """The application of this service, with the routers of every room."""

    def report() -> AuditReport:
        with service.units() as uow:
            return audit_report(uow.audit.episode_rows(), service.clock.now().date())

    return create_application(service.operations(), VERSION, [follow_up.router, audit_router(report)])


def run_server(settings: Settings, host: str, port: int) -> None:
    """Serve until stopped, or until this process may no longer work its jobs; they are taken up at the next start."""
    configure_logging(settings.log_level)
    with open_service(settings) as service:
        level = settings.log_level.lower()
        server = uvicorn.Server(
            uvicorn.Config(build_app(service), host=host, port=port, log_level=level, access_log=False)
        )
        with _working(service, server):
            server.run()


@contextmanager
def _working(service: Service, server: uvicorn.Server) -> Iterator[None]:
    """Do durable jobs and housekeeping in the background for the length of the block."""
    runner, stopping = service.runner(), Event()

    def keep_house() -> None:
        while not stopping.wait(HOUSEKEEPING_S):
            if not runner.alive:
                server.should_exit = True
                return
            housekeep(service)

    runner.start()
    keeper = Thread(target=keep_house, name="housekeeping", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stopping.set()
        keeper.join(HOUSEKEEPING_S)
        runner.stop()

"""One process that serves HTTP, listens for DICOM and does the durable jobs: the embedded default."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Event, Thread
from types import FrameType

import uvicorn
from fastapi import FastAPI

from audits.http import audit_router
from audits.report import AuditReport
from screening.app.auditing import audit_report
from screening.app.compose import VERSION, Service, open_service
from screening.app.logging import configure_logging
from screening.app.processes import keep, leave_if_working, listening, until_stopped
from screening.app.settings import Settings
from screening.web.api import follow_up
from screening.web.application import create_application
from screening.web.dicomweb.router import mount_dicom_web

HTTP_DRAIN_S = 10
"""Seconds that HTTP requests under way have to end."""


def build_app(service: Service) -> FastAPI:
    """The application of this service, with the routers of every room."""

    def report() -> AuditReport:
        with service.units() as uow:
            return audit_report(uow.audit.episode_rows(), service.clock.now().date())

    rooms = [follow_up.router, audit_router(report)]
    app = create_application(service.operations(), VERSION, service.checkup, service.metrics.registry, rooms)
    mount_dicom_web(app, service.archive())
    return app


class _Server(uvicorn.Server):
    """Sets an event as soon as it is told to stop, so that everything else stops taking work at the same time."""

    def __init__(self, config: uvicorn.Config, stopping: Event) -> None:
        super().__init__(config)
        self._stopping = stopping

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take note of a signal."""
        self._stopping.set()
        super().handle_exit(sig, frame)


def run_server(settings: Settings, host: str, port: int) -> None:
    """Serve until stopped, or until this process may no longer work its jobs; they are taken up at the next start."""
    configure_logging(settings.service_log_level)
    with open_service(settings) as service, until_stopped() as stopping:
        config = uvicorn.Config(
            build_app(service),
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=HTTP_DRAIN_S,
        )
        server = _Server(config, stopping)
        with _working(service, server, stopping):
            server.run()


@contextmanager
def _working(service: Service, server: uvicorn.Server, stopping: Event) -> Iterator[None]:
    """Do durable jobs and housekeeping in the background for the length of the block.

    When `stopping` is set, listener and jobs take nothing new at once, while HTTP requests end.
    """
    runner = service.runner(bulk=True)
    with ExitStack() as undo:
        if service.settings.dicom_port:
            undo.enter_context(listening(service))
        runner.start()
        door = undo.pop_all()

    def keep_house() -> None:
        keep(service, stopping, alive=lambda: runner.alive)
        leaving = Thread(target=runner.stop, args=(service.settings.drain_s,), name="stopping")
        leaving.start()
        door.close()
        leaving.join()
        server.should_exit = True

    keeper = Thread(target=keep_house, name="housekeeping", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stopping.set()
        keeper.join()
        leave_if_working(runner)

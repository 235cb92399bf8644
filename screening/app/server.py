"""The processes of an installation: all in one (the embedded default), or listener and workers apart."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from threading import Event, Thread
from typing import Final

import uvicorn
from fastapi import FastAPI

from audits.http import audit_router
from audits.report import AuditReport
from screening.app.auditing import audit_report
from screening.app.compose import VERSION, Service, open_service
from screening.app.logging import configure_logging
from screening.app.settings import Settings
from screening.app.terminal import housekeep
from screening.domain.errors import ConcurrentUpdate, StoreUnavailable
from screening.web.api import follow_up
from screening.web.application import create_application
from screening.web.dicomweb.router import mount_dicom_web

HOUSEKEEPING_S = 30.0
TAKING_UP_S = 0.5
"""Seconds between two looks for exams that are complete."""
DRAIN_S = 20.0
"""Seconds that open associations have to end when the listener stops."""

_LOG: Final = logging.getLogger(__name__)


def build_app(service: Service) -> FastAPI:
    """The application of this service, with the routers of every room."""

    def report() -> AuditReport:
        with service.units() as uow:
            return audit_report(uow.audit.episode_rows(), service.clock.now().date())

    rooms = [follow_up.router, audit_router(report)]
    app = create_application(service.operations(), VERSION, service.checkup, service.metrics.registry, rooms)
    mount_dicom_web(app, service.archive())
    return app


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


def run_listener(settings: Settings) -> None:
    """Take exams in over DICOM and open their cases, without doing any job, until asked to stop."""
    configure_logging(settings.log_level)
    with open_service(settings) as service, _until_stopped() as stopping, _listening(service):
        keep(service, stopping)


def run_worker(settings: Settings) -> None:
    """Do durable jobs until asked to stop, or until this process may no longer do them."""
    configure_logging(settings.log_level)
    with open_service(settings) as service, _until_stopped() as stopping:
        runner = service.runner(bulk=True)
        runner.start()
        try:
            keep(service, stopping, alive=lambda: runner.alive)
        finally:
            runner.stop()


def keep(service: Service, stopping: Event, alive: Callable[[], bool] = lambda: True) -> None:
    """Take up exams that are complete, and record what has elapsed, until `stopping` is set or `alive` ends.

    A store that cannot be reached now is tried again: what waits is on disk.
    """
    next_housekeeping = 0.0
    while not stopping.wait(TAKING_UP_S) and alive():
        try:
            service.take_up_exams()
            if time.monotonic() >= next_housekeeping:
                housekeep(service)
                next_housekeeping = time.monotonic() + HOUSEKEEPING_S
        except (StoreUnavailable, ConcurrentUpdate) as error:
            _LOG.warning("housekeeping waits: %s", error.code)


@contextmanager
def _until_stopped() -> Iterator[Event]:
    """An event that SIGTERM and SIGINT set, for the length of the block."""
    stopping = Event()
    before = {number: signal.signal(number, lambda *_: stopping.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _listening(service: Service) -> Iterator[None]:
    """The DICOM listener for the length of the block; open associations may end before it closes."""
    listener = service.listener()
    listener.start()
    try:
        yield
    finally:
        listener.drain(DRAIN_S)


@contextmanager
def _working(service: Service, server: uvicorn.Server) -> Iterator[None]:
    """Do durable jobs and housekeeping in the background for the length of the block."""
    runner, stopping = service.runner(bulk=True), Event()

    def keep_house() -> None:
        keep(service, stopping, alive=lambda: runner.alive)
        server.should_exit = True

    runner.start()
    keeper = Thread(target=keep_house, name="housekeeping", daemon=True)
    keeper.start()
    try:
        with _listening(service) if service.settings.dicom_port else nullcontext():
            yield
    finally:
        stopping.set()
        keeper.join(HOUSEKEEPING_S)
        runner.stop()

"""The processes of an installation: all in one (the embedded default), or listener and workers apart."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from threading import Event, Thread
from types import FrameType
from typing import Final

import uvicorn
from fastapi import FastAPI

from audits.http import audit_router
from audits.report import AuditReport
from screening.app.auditing import audit_report
from screening.app.compose import VERSION, Service, open_service
from screening.app.logging import configure_logging
from screening.app.metrics import serving_metrics
from screening.app.selftest import Route, SelfTest, selftesting
from screening.app.settings import Settings
from screening.app.terminal import housekeep
from screening.domain.errors import ConcurrentUpdate, StoreUnavailable
from screening.store.runner import JobRunner
from screening.web.api import follow_up
from screening.web.application import create_application
from screening.web.dicomweb.router import mount_dicom_web

HOUSEKEEPING_S = 30.0
TAKING_UP_S = 0.5
"""Seconds between two looks for exams that are complete."""
FORGETTING_S = 3600.0
"""Seconds between two removals of records of jobs that were done long ago."""
HTTP_DRAIN_S = 10
"""Seconds that HTTP requests under way have to end."""

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
    with open_service(settings) as service, _until_stopped() as stopping:
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


def run_listener(settings: Settings) -> None:
    """Take exams in over DICOM and open their cases, without doing any job, until asked to stop."""
    configure_logging(settings.service_log_level)
    with open_service(settings) as service, _until_stopped() as stopping, _metrics(service), _listening(service):
        keep(service, stopping)


def run_worker(settings: Settings) -> None:
    """Do durable jobs until asked to stop, or until this process may no longer do them."""
    configure_logging(settings.service_log_level)
    with open_service(settings) as service, _until_stopped() as stopping, _metrics(service):
        runner = service.runner(bulk=True)
        runner.start()
        try:
            keep(service, stopping, alive=lambda: runner.alive)
        finally:
            runner.stop(settings.drain_s)
            _leave_if_working(runner)


def keep(service: Service, stopping: Event, alive: Callable[[], bool] = lambda: True) -> None:
    """Take up exams that are complete, and record what has elapsed, until `stopping` is set or `alive` ends.

    A store that cannot be reached now is tried again: what waits is on disk.
    """
    chores = [Chore(0.0, service.take_up_exams), Chore(HOUSEKEEPING_S, lambda: housekeep(service))]
    chores.append(Chore(FORGETTING_S, service.forget_jobs))
    while not stopping.wait(TAKING_UP_S) and alive():
        try:
            for chore in chores:
                chore.do_if_due()
        except (StoreUnavailable, ConcurrentUpdate) as error:
            _LOG.warning("housekeeping waits: %s", error.code)


class Chore:
    """Something to do every so many seconds."""

    def __init__(self, every_s: float, do: Callable[[], object]) -> None:
        self._every_s = every_s
        self._do = do
        self._next = 0.0

    def do_if_due(self) -> None:
        """Do it if its time has come; one that fails is due again at once."""
        if time.monotonic() >= self._next:
            self._do()
            self._next = time.monotonic() + self._every_s


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
def _metrics(service: Service) -> Iterator[None]:
    """The figures of a process without HTTP, on a port of their own, for the length of the block."""
    with serving_metrics(service.metrics.registry, service.settings.host, service.settings.metrics_port):
        yield


@contextmanager
def _listening(service: Service) -> Iterator[None]:
    """The DICOM listener for the length of the block; open associations may end before it closes."""
    listener = service.listener()
    listener.start()
    test = SelfTest(service, Route(service.settings, listener.port))
    try:
        with selftesting(test, timedelta(minutes=service.settings.selftest_minutes)):
            yield
    finally:
        listener.drain(service.settings.drain_s)


@contextmanager
def _working(service: Service, server: uvicorn.Server, stopping: Event) -> Iterator[None]:
    """Do durable jobs and housekeeping in the background for the length of the block.

    When `stopping` is set, listener and jobs take nothing new at once, while HTTP requests end.
    """
    runner = service.runner(bulk=True)
    with ExitStack() as undo:
        if service.settings.dicom_port:
            undo.enter_context(_listening(service))
        runner.start()
        listening = undo.pop_all()

    def keep_house() -> None:
        keep(service, stopping, alive=lambda: runner.alive)
        leaving = Thread(target=runner.stop, args=(service.settings.drain_s,), name="stopping")
        leaving.start()
        listening.close()
        leaving.join()
        server.should_exit = True

    keeper = Thread(target=keep_house, name="housekeeping", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stopping.set()
        keeper.join()
        _leave_if_working(runner)


def _leave_if_working(runner: JobRunner) -> None:
    """End the process although a job still runs: it is idempotent, and whoever works next does it again."""
    if runner.running:
        _LOG.warning("a job did not end in time; another worker does it again")
        logging.shutdown()
        os._exit(0)

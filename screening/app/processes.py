"""The processes of an installation that need no HTTP: listener and workers, and what every process does by the way.

The web and the audits are not imported here, so that a listener stays small.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event
from typing import Final

from screening.app.compose import Service, open_service
from screening.app.logging import configure_logging
from screening.app.metrics import serving_metrics
from screening.app.selftest import Route, SelfTest, selftesting
from screening.app.settings import Settings
from screening.app.terminal import housekeep
from screening.domain.errors import ConcurrentUpdate, StoreUnavailable
from screening.store.runner import JobRunner

HOUSEKEEPING_S = 30.0
TAKING_UP_S = 0.5
"""Seconds between two looks for exams that are complete."""
FORGETTING_S = 3600.0
"""Seconds between two removals of records of jobs that were done long ago."""

_LOG: Final = logging.getLogger(__name__)


def run_listener(settings: Settings) -> None:
    """Take exams in over DICOM and open their cases, without doing any job, until asked to stop."""
    configure_logging(settings.service_log_level)
    with open_service(settings) as service, until_stopped() as stopping, _metrics(service), listening(service):
        keep(service, stopping)


def run_worker(settings: Settings) -> None:
    """Do durable jobs until asked to stop, or until this process may no longer do them."""
    configure_logging(settings.service_log_level)
    with open_service(settings) as service, until_stopped() as stopping, _metrics(service):
        runner = service.runner(bulk=True)
        runner.start()
        try:
            keep(service, stopping, alive=lambda: runner.alive)
        finally:
            runner.stop(settings.drain_s)
            leave_if_working(runner)


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
def until_stopped() -> Iterator[Event]:
    """An event that SIGTERM and SIGINT set, for the length of the block."""
    stopping = Event()
    before = {number: signal.signal(number, lambda *_: stopping.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def listening(service: Service) -> Iterator[None]:
    """The DICOM listener for the length of the block; open associations may end before it closes."""
    listener = service.listener()
    listener.start()
    test = SelfTest(service, Route(service.settings, listener.port))
    try:
        with selftesting(test, timedelta(minutes=service.settings.selftest_minutes)):
            yield
    finally:
        listener.drain(service.settings.drain_s)


def leave_if_working(runner: JobRunner) -> None:
    """End the process although a job still runs: it is idempotent, and whoever works next does it again."""
    if runner.running:
        _LOG.warning("a job did not end in time; another worker does it again")
        logging.shutdown()
        os._exit(0)


@contextmanager
def _metrics(service: Service) -> Iterator[None]:
    """The figures of a process without HTTP, on a port of their own, for the length of the block."""
    with serving_metrics(service.metrics.registry, service.settings.host, service.settings.metrics_port):
        yield

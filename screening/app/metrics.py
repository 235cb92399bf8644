"""What Prometheus may ask: counted and timed in this process, and counts from the store at the time of asking.

No label holds an id or a person: they are names of jobs, destinations, strata, states and codes.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from screening.domain.ai_read import AiRead
from screening.domain.errors import StoreUnavailable
from screening.domain.vitals import Vitals
from screening.workflow.intake import Received
from screening.workflow.vitals_ports import VitalSigns

SECONDS: Final = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60, 120, 300, 600)
WAITS: Final = (10, 30, 60, 90, 120, 180, 300, 600, 1200, 3600, 7200, 14400, 28800, 86400)
READ, DELIVERED = "ai_read", "delivered"


class Metrics:
    """The figures of one process; `registry` is what is served."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._answers = self._counter("objects_received", "C-STORE requests by answer (PS3.7 C)", "answer")
        self._kept = self._counter("objects_kept", "Objects kept, whichever way they came, by what they were", "what")
        self._bytes = self._counter("received_bytes", "Bytes of objects that came by C-STORE")
        self._associations = self._counter("associations", "DICOM associations by what became of them", "outcome")
        self._reads = self._counter("ai_reads", "AI reads of women's exams", "status", "reason", "stratum")
        self._waits = self._histogram("seconds_from_first_image", "From first image to this step", WAITS, "step")
        self._inference = self._histogram("inference_seconds", "One AI read, decoding included", SECONDS)
        self._jobs = self._histogram("job_seconds", "One try of a durable job", SECONDS, "name", "outcome")
        self._loading = Gauge("secondread_model_load_seconds", "Time the AI model took to load", registry=self.registry)

    def answered(self, code: int, size: int) -> None:
        """A C-STORE request was answered with this status."""
        self._answers.labels(f"{code:04X}").inc()
        self._bytes.inc(size)

    def association(self, outcome: str) -> None:
        """An association was `accepted`, `rejected`, `released` or `aborted`."""
        self._associations.labels(outcome).inc()

    def kept(self, received: Received) -> None:
        """An object was kept: as new or known, or for the reason why a person must see it."""
        self._kept.labels(received.reason or received.registered or "unknown").inc()

    def job(self, name: str, outcome: str, seconds: float) -> None:
        """One try of a job ended."""
        self._jobs.labels(name, outcome).observe(seconds)

    def ai_read(self, read: AiRead, first_image_at: datetime | None, now: datetime) -> None:
        """AI read an exam; the service's own exam has no first image of a woman and is not counted."""
        if first_image_at is None:
            return
        self._reads.labels(read.status.value, read.reasons[0].value if read.reasons else "", read.stratum).inc()
        if read.timing is not None:
            self._inference.observe(read.timing.total_s)
        self._waits.labels(READ).observe((now - first_image_at).total_seconds())

    def delivered(self, first_image_at: datetime | None, now: datetime) -> None:
        """A result was delivered."""
        if first_image_at is not None:
            self._waits.labels(DELIVERED).observe((now - first_image_at).total_seconds())

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Around the loading of the AI model."""
        begun = perf_counter()
        yield
        self._loading.set(perf_counter() - begun)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"secondread_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"secondread_{name}", text, labels, buckets=buckets, registry=self.registry)


class StoreCollector(Collector):
    """Counts from the store, taken when asked; a database that is gone is itself a figure."""

    def __init__(self, vitals: VitalSigns, folder: Path, now: Callable[[], datetime]) -> None:
        self._vitals = vitals
        self._folder = folder
        self._now = now

    def describe(self) -> Iterable[Metric]:
        """Nothing: registering must not ask the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The figures of this moment."""
        yield _gauge("disk_free_bytes", "Free bytes of the disk of the files", shutil.disk_usage(self._folder).free)
        try:
            vitals, deliveries = self._vitals.take(), self._vitals.deliveries()
        except StoreUnavailable:
            yield _gauge("database_up", "Whether the database answers", 0)
            return
        yield _gauge("database_up", "Whether the database answers", 1)
        yield from self._waiting(vitals)
        yield from self._latest(vitals)
        sent = GaugeMetricFamily(
            "secondread_deliveries", "Deliveries by destination and state", labels=["destination", "state"]
        )
        for key, count in sorted(deliveries.items()):
            sent.add_metric(key, count)
        yield sent

    def _waiting(self, vitals: Vitals) -> Iterator[Metric]:
        yield _gauge("exams_awaited", "Exams whose images are still coming in", vitals.awaited)
        cases = GaugeMetricFamily("secondread_cases", "Women's cases by state", labels=["state"])
        for state, count in vitals.cases.items():
            cases.add_metric([state], count)
        yield cases
        jobs = GaugeMetricFamily("secondread_jobs", "Jobs that are not done", labels=["name", "state"])
        for job in vitals.jobs:
            jobs.add_metric([job.name, job.state.value], job.count)
        yield jobs
        if vitals.oldest_job_at is not None:
            waited = (self._now() - vitals.oldest_job_at).total_seconds()
            yield _gauge("oldest_job_seconds", "How long the oldest job waits", waited)

    def _latest(self, vitals: Vitals) -> Iterator[Metric]:
        latest = GaugeMetricFamily(
            "secondread_latest_step_time", "Unix time of the latest success", labels=["step", "traffic"]
        )
        for traffic, steps in (("live", vitals.live), ("selftest", vitals.selftest)):
            named = {"received": steps.received_at, READ: steps.read_at, DELIVERED: steps.delivered_at}
            for step, at in named.items():
                if at is not None:
                    latest.add_metric([step, traffic], at.timestamp())
        yield latest


@contextmanager
def serving_metrics(registry: CollectorRegistry, host: str, port: int) -> Iterator[None]:
    """Serve them on a port of their own for the length of a block; port 0: not at all.

    Raises StoreUnavailable when the port cannot be had.
    """
    if not port:
        yield
        return
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise StoreUnavailable(f"the metrics port cannot be used: {error.strerror}") from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"secondread_{name}", text, value=value)

"""The service proves itself: a synthetic exam is sent to its own DICOM listener, and must come out as an AI read.

It takes the way that every exam takes: C-STORE, assembly, job, AI. Its images are a phantom's, made once per process;
only identifiers and times differ from round to round. What becomes of it counts in /health and nowhere else.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

from screening.app.logging import get_log
from screening.app.settings import Settings
from screening.domain.errors import SecondReadError
from screening.domain.identifiers import Participant, StudyInstanceUid, minted_uid
from screening.domain.selftest import SELFTEST
from screening.domain.study import Device, StudyHeader
from screening.workflow.end_selftest import end_selftest, selftest_passed

if TYPE_CHECKING:
    from models.phantom.spec import PhantomView
    from screening.app.compose import Service
    from screening.dicom.network.caller import Station

SEED: Final = 7
STYLE: Final = "style-a"
ROWS, COLUMNS, PIXEL_MM = 480, 384, 0.4
LOOK_S: Final = 1.0
"""Seconds between two looks whether the exam came through."""
SLACK: Final = timedelta(minutes=10)
"""How long the AI read may take once the exam is complete."""

_LOG: Final = get_log()


@dataclass(frozen=True)
class Route:
    """Where the service's own listener is reached, by its port when it runs."""

    settings: Settings
    port: int

    def station(self) -> Station:
        """The listener as a partner that we call, under our own title."""
        from screening.dicom.network.caller import Station

        title = self.settings.dicom_title
        return Station(title, own_address(self.settings), self.port, title, tls=_tls(self.settings))


class SelfTest:
    """Sends the exam and sees what becomes of it."""

    def __init__(self, service: Service, route: Route) -> None:
        self._service = service
        self._route = route

    def send(self) -> StudyInstanceUid:
        """Send a new exam to our own listener. Raises PartnerUnreachable or PartnerRefused."""
        from screening.dicom.network.caller import store

        header = self._header()
        with TemporaryDirectory(prefix="selftest-") as folder:
            store(self._route.station(), self._write(header, Path(folder)))
        return header.study_instance_uid

    def passed(self, study: StudyInstanceUid) -> bool | None:
        """Whether it came through; None while it may still."""
        with self._service.units() as uow:
            return selftest_passed(uow, study)

    def end(self, study: StudyInstanceUid, passed: bool) -> None:
        """Close its case and remove its files: their bytes differ in every round and would fill the disk."""
        with self._service.units() as uow:
            digests = end_selftest(uow, self._service.clock, study, passed)
        for digest in digests:
            self._service.files.discard(digest)
        _LOG.log(_LEVEL[passed], "self-test ended", passed=passed)

    def once(self, stopping: Event) -> None:
        """One whole round; a round that fails is told in the log and shows in /health."""
        try:
            study = self.send()
            passed, patience = None, self._patience()
            while passed is None and patience > 0 and not stopping.wait(LOOK_S):
                passed, patience = self.passed(study), patience - LOOK_S
            if not stopping.is_set():
                self.end(study, passed is True)
        except SecondReadError as error:
            _LOG.warning("self-test failed", code=error.code)

    def _patience(self) -> float:
        return self._service.settings.longest_wait_s + SLACK.total_seconds()

    def _header(self) -> StudyHeader:
        now = self._service.clock.now()
        return StudyHeader(
            study_instance_uid=StudyInstanceUid(minted_uid("selftest", now.isoformat())),
            participant=Participant(SELFTEST, "SELFTEST", "Phantom", "1970-01-01"),
            accession_number=now.strftime("%y%m%d%H%M%S"),
            study_date=now.date(),
            study_time=now.strftime("%H%M%S"),
            institution="SELFTEST",
            age_years=now.year - 1970,
            study_id="SELFTEST",
        )

    def _write(self, header: StudyHeader, folder: Path) -> list[Path]:
        from models import phantom
        from screening.app.phantom_images import USUAL_SYNTAX, mammogram
        from screening.dicom.mg_object import write_mg

        style, at = phantom.STYLES[STYLE], self._service.clock.now().replace(tzinfo=None)
        device = Device(style.manufacturer, style.model_name, style.software_versions)
        paths = []
        for number, view in enumerate(self._views, 1):
            path = folder / f"{number}.dcm"
            write_mg(
                mammogram(view, header, device, view.laterality + view.view, number, at), path, USUAL_SYNTAX[STYLE]
            )
            paths.append(path)
        return paths

    @cached_property
    def _views(self) -> tuple[PhantomView, ...]:
        """The four views of a phantom without a lesion, small: made once."""
        from models import phantom
        from models.phantom.spec import ExamSpec

        spec = ExamSpec(
            lesions=(), density="b", vendor=STYLE, prior_years=0.0, rows=ROWS, cols=COLUMNS, pixel_mm=PIXEL_MM
        )
        return tuple(phantom.exam(SEED, spec).views)


@contextmanager
def selftesting(test: SelfTest, every: timedelta) -> Iterator[None]:
    """Prove the service at this interval, in a thread of its own, for the length of a block; zero: never."""
    if not every:
        yield
        return
    stopping = Event()
    thread = Thread(target=_repeat, args=(lambda: test.once(stopping), every, stopping), name="selftest", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()


def own_address(settings: Settings) -> str:
    """Where this machine reaches its own listener."""
    address = ipaddress.ip_address(settings.dicom_host)
    if not address.is_unspecified:
        return settings.dicom_host
    return "127.0.0.1" if address.version == 4 else "::1"


_LEVEL: Final = {True: 20, False: 30}
"""Level of the standard library at which a round is told: one that failed is a warning."""


def _repeat(do: Callable[[], None], every: timedelta, stopping: Event) -> None:
    while not stopping.wait(every.total_seconds()):
        do()


def _tls(settings: Settings) -> ssl.SSLContext | None:
    """Trust exactly our own certificate, and show it."""
    if settings.dicom_certificate is None:
        return None
    context = ssl.create_default_context(cafile=str(settings.dicom_certificate))
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_cert_chain(settings.dicom_certificate)
    return context

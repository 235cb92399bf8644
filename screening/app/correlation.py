"""One id from the C-STORE of an image through case, job and delivery to the acknowledgement, in every log line.

It is the id of the exam (`exam_id`): it follows from what every image of the exam says, so that listener, worker and
web process give the same one without telling each other. It is a hash and names nobody.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Final

from structlog.contextvars import bind_contextvars, bound_contextvars, get_contextvars, unbind_contextvars

from screening.app.logging import get_log
from screening.app.metrics import Metrics
from screening.domain.errors import StoreUnavailable
from screening.domain.identifiers import CaseId
from screening.domain.study import StudyHeader, exam_id
from screening.workflow.ports import AwaitedExam
from screening.workflow.vitals_ports import VitalSigns

EXAM: Final = "exam"
ASSOCIATION: Final = "association"

_LOG: Final = get_log()


def begin_object() -> None:
    """An object begins to arrive: its exam is not known yet.

    Each association has a thread of its own, so that what is bound here stays with it; the first object names it.
    """
    unbind_contextvars(EXAM)
    if ASSOCIATION not in get_contextvars():
        bind_contextvars(association=uuid.uuid4().hex[:12])


def bind_exam(header: StudyHeader) -> None:
    """The object turned out to be of this exam; its log lines say so until the next object."""
    bind_contextvars(exam=exam_id(header))


def tell_taken_up(awaited: AwaitedExam, case: CaseId | None) -> None:
    """An exam is complete: its case is open or up to date, or there is none to open."""
    with bound_contextvars(exam=awaited.exam):
        _LOG.info("exam taken up", case=case)


class Following:
    """Follows work on an exam: binds its id to the log lines, and measures."""

    def __init__(self, vitals: VitalSigns, metrics: Metrics) -> None:
        self._vitals = vitals
        self._metrics = metrics

    @contextmanager
    def job(self, name: str, ids: Sequence[str]) -> Iterator[None]:
        """Around one try of a job; never raises anything of its own."""
        begun = perf_counter()
        with bound_contextvars(job=name, **self._of_study(ids[0] if ids else "")):
            outcome = "failed"
            try:
                yield
                outcome = "done"
            finally:
                seconds = perf_counter() - begun
                self._metrics.job(name, outcome, seconds)
                _LOG.info(f"job {outcome}", seconds=round(seconds, 3))

    @contextmanager
    def study(self, study: str) -> Iterator[None]:
        """Around work on a study."""
        with bound_contextvars(**self._of_study(study)):
            yield

    @contextmanager
    def commitment(self, transaction_uid: str) -> Iterator[None]:
        """Around a destination's answer to our storage commitment."""
        try:
            exam = self._vitals.exam_of_commitment(transaction_uid)
        except StoreUnavailable:
            exam = None
        with bound_contextvars(**_bound(exam)):
            yield

    def _of_study(self, study: str) -> dict[str, str]:
        try:
            return _bound(self._vitals.exam_of(study))
        except StoreUnavailable:
            return {}


def _bound(exam: str | None) -> dict[str, str]:
    return {} if exam is None else {EXAM: exam}

"""What rescoring needs from the outside, besides the ports of the live service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from screening.domain.events import Objection
from screening.domain.identifiers import StudyInstanceUid
from screening.workflow.ports import Jobs, UnitOfWork
from screening.workflow.rescore_values import (
    ExamOrder,
    ExamState,
    PlannedExam,
    Rescored,
    RescoreProgress,
    RescoreRow,
    RescoreRun,
)


class BulkJobs(Jobs, Protocol):
    """Durable work that waits behind everything live."""

    def enqueue_bulk(self, name: str, key: str, *ids: str) -> None:
        """Enqueue bulk job `name` for these ids; the same key is done once."""
        ...


class Rescorings(Protocol):
    """The research table of rescoring: runs, their exams in chunks, and one row per exam that was read."""

    def begin(self, run: RescoreRun, at: datetime) -> None:
        """Keep a run; idempotent."""
        ...

    def run(self, run: str) -> RescoreRun:
        """Raises NotFound."""
        ...

    def begun_at(self, run: str) -> datetime:
        """When the run was first started. Raises NotFound."""
        ...

    def add(self, run: str, exams: Sequence[PlannedExam], chunk: int) -> Sequence[int]:
        """Plan those exams that the run does not have yet, in new chunks of this size; returns the chunk numbers."""
        ...

    def waiting(self, run: str, chunk: int) -> Sequence[PlannedExam]:
        """Exams of a chunk that are still to be read, in order."""
        ...

    def keep(self, run: str, study: StudyInstanceUid, row: RescoreRow) -> bool:
        """Keep what an exam came to; the first row stands. Returns whether this was it."""
        ...

    def leave_out(self, run: str, study: StudyInstanceUid, state: ExamState) -> None:
        """Take an exam out of the results, also one that was read already: its row goes."""
        ...

    def row(self, run: str, study: StudyInstanceUid) -> RescoreRow | None:
        """What an exam came to in a run."""
        ...

    def rows(self, run: str, chunk: int) -> Sequence[RescoreRow]:
        """The results of a chunk, with their keys."""
        ...

    def chunks(self, run: str) -> Sequence[tuple[int, bool]]:
        """Every chunk of a run, and whether it still has exams that wait."""
        ...

    def progress(self, run: str) -> RescoreProgress:
        """How far it is."""
        ...

    def read_by_run(self, run: str) -> Iterator[StudyInstanceUid]:
        """Every exam of the run that has a row."""
        ...

    def stored_exams(self) -> Iterator[PlannedExam]:
        """Every exam of this installation's own store that holds an image, self-tests left out."""
        ...

    def objections(self, run: str, study: StudyInstanceUid) -> frozenset[Objection]:
        """What the woman of this exam objected to, in any episode that the store knows.

        A woman whose number came without its issuer on either side counts as the same: an objection is rather honoured
        once too often.
        """
        ...

    def objecting_exams(self, run: str) -> Iterator[tuple[StudyInstanceUid, frozenset[Objection]]]:
        """Exams of the run that the store knows to be of a woman who objected to anything."""
        ...


class RescoreUnit(UnitOfWork, Protocol):
    """A unit of work with the research table and bulk jobs."""

    @property
    def rescoring(self) -> Rescorings: ...  # noqa: D102
    @property
    def jobs(self) -> BulkJobs: ...  # noqa: D102


class RescoreUnits(Protocol):
    """Opens such units of work."""

    def __call__(self) -> RescoreUnit:
        """Open one."""
        ...


class ExamRunner(Protocol):
    """Reads exams one after the other or side by side; answers come as they are ready."""

    def __call__(self, orders: Iterable[ExamOrder]) -> Iterator[Rescored]:
        """The answers; an order is taken only when there is room for it."""
        ...

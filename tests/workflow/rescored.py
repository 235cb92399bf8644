"""A rescoring run for tests: planned exams, a scripted reader, and the work on chunks without a job engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from screening.app.demo.clock import CountedIds, PlayedClock
from screening.domain.ai_read import AiIdentity, AiRead
from screening.domain.errors import NotFound
from screening.domain.identifiers import FileDigest, PersonId, StudyInstanceUid
from screening.store.uow import SqlUnits
from screening.workflow.rescore import ChunkWork, plan
from screening.workflow.rescore_ports import ExamRunner
from screening.workflow.rescore_values import ExamOrder, Location, PlannedExam, Rescored, RescoreRun
from tests.services import START
from tests.workflow.scripted_reads import scripted_read

IDENTITY = AiIdentity("scripted", "2.0", "w" * 64, "prep", "p" * 64, "numpy", "f32", "none", "phantom-trained")
RUN = RescoreRun("scripted", "", IDENTITY, "calibrations", ("/archive",), "unit-a")


class NoStoredFiles:
    """A store whose files are not asked for."""

    def path(self, digest: FileDigest) -> Path:
        """Raises NotFound."""
        raise NotFound("no files here")


def exam(number: int, person: str = "") -> PlannedExam:
    """An exam of an archive."""
    woman = PersonId("HOSPITAL", person or f"woman-{number}")
    return PlannedExam(StudyInstanceUid(f"1.2.{number}"), (Location(f"/archive/{number}"),), person=woman)


def planned(units: SqlUnits, exams: Sequence[PlannedExam], chunk: int = 4, run: RescoreRun = RUN) -> None:
    """Plan a run and enqueue its chunks."""
    with units() as uow:
        plan(uow, run, PlayedClock(START), exams, chunk)


class Scripted:
    """Reads whatever it is given and remembers it; `before` is called with each study first."""

    def __init__(self, identity: AiIdentity = IDENTITY, before: Callable[[str], None] = lambda _study: None) -> None:
        self.orders: list[ExamOrder] = []
        self._identity = identity
        self._before = before

    @property
    def seen(self) -> list[str]:
        """Studies it read, in order."""
        return [order.exam.study for order in self.orders]

    def __call__(self, _run: RescoreRun) -> ExamRunner:
        """The runner of any run."""
        return self.read_all

    def read_all(self, orders: Iterable[ExamOrder]) -> Iterator[Rescored]:
        """One after the other."""
        for order in orders:
            self._before(order.exam.study)
            self.orders.append(order)
            yield Rescored(order, self.read(order.exam.study), "Maker|Model|1.0|unit-a", 0.5)

    def read(self, study: StudyInstanceUid) -> AiRead:
        """A score that follows from the last number of the UID; every tenth exam is refused."""
        return scripted_read(study, self._identity)


def work(units: SqlUnits, reader: Scripted, give_way: Callable[[], bool] = lambda: True) -> ChunkWork:
    """The work on chunks with a scripted reader."""
    return ChunkWork(units, NoStoredFiles(), reader, CountedIds(), give_way)

"""Rescore an archive with an AI version, in durable chunks: results for research, never for a case.

Nothing here touches cases, events or deliveries. A chunk that is done again reads only what is missing; an exam of a
woman who objected is not read, and her row goes when the objection comes later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from screening.domain.errors import NotFound
from screening.domain.events import Objection
from screening.domain.identifiers import FileDigest, StudyInstanceUid
from screening.workflow.ports import Clock, FileLocator, Ids
from screening.workflow.recorded_case import load
from screening.workflow.rescore_ports import ExamRunner, RescoreUnit, RescoreUnits
from screening.workflow.rescore_values import (
    DEFAULT_CHUNK,
    ExamOrder,
    ExamState,
    PlannedExam,
    RescoreRun,
    Side,
    row_of,
    side_of,
)

RESCORE_JOB: Final = "rescore"
_FIRST: Final = "1"

LEFT_OUT: Final[Mapping[Objection, ExamState]] = {
    Objection.NO_RESEARCH: ExamState.NO_RESEARCH,
    Objection.NO_AI: ExamState.NO_AI,
}
"""Objections that keep an exam out, the one that is counted first first; sharing plays no part here."""


def job_key(run: str, chunk: int, generation: str) -> str:
    """Key of the job that does a chunk; a chunk that was cut short goes on under another generation."""
    return f"{RESCORE_JOB}:{run}:{chunk}:{generation}"


def plan(
    uow: RescoreUnit, run: RescoreRun, clock: Clock, exams: Iterable[PlannedExam], chunk: int = DEFAULT_CHUNK
) -> None:
    """Plan exams of a run and enqueue their chunks, in one transaction; those planned before are left as they are."""
    uow.rescoring.begin(run, clock.now())
    for number in uow.rescoring.add(run.run, list(exams), chunk):
        uow.jobs.enqueue_bulk(RESCORE_JOB, job_key(run.run, number, _FIRST), run.run, str(number))


@dataclass(frozen=True)
class ChunkWork:
    """What doing a chunk needs. `read_all` makes the runner for a run.

    `give_way` holds up while live work is to be done, and is False when this worker is to stop.
    """

    units: RescoreUnits
    files: FileLocator
    read_all: Callable[[RescoreRun], ExamRunner]
    ids: Ids
    give_way: Callable[[], bool]

    def do(self, run: str, chunk: int) -> None:
        """Read what waits of a chunk; each row is kept as soon as it is there. A stopped chunk enqueues its rest."""
        with self.units() as uow:
            planned, exams = uow.rescoring.run(run), uow.rescoring.waiting(run, chunk)
        if not exams:
            return
        for done in self.read_all(planned)(self._orders(planned, exams)):
            with self.units() as uow:
                row = row_of(done, _old(uow, planned, done.order.exam.study))
                uow.rescoring.keep(run, done.order.exam.study, row)
        with self.units() as uow:
            if uow.rescoring.waiting(run, chunk):
                uow.jobs.enqueue_bulk(RESCORE_JOB, job_key(run, chunk, self.ids.new("rest")), run, str(chunk))

    def _orders(self, run: RescoreRun, exams: Iterable[PlannedExam]) -> Iterator[ExamOrder]:
        """An order for each exam that nobody objects to, made just before it is read."""
        for exam in exams:
            if not self.give_way():
                return
            with self.units() as uow:
                state = _left_out(uow.rescoring.objections(run.run, exam.study))
                if state is not None:
                    uow.rescoring.leave_out(run.run, exam.study, state)
                    continue
                order = _order(uow, run, exam)
            yield _with_paths(order, self.files)


def _left_out(objections: frozenset[Objection]) -> ExamState | None:
    return next((state for objection, state in LEFT_OUT.items() if objection in objections), None)


def _order(uow: RescoreUnit, run: RescoreRun, exam: PlannedExam) -> ExamOrder:
    """The order for an exam: of the store with the prior and the unit of its case, where it has one."""
    if exam.files:
        return ExamOrder(exam, run.site)
    try:
        study = uow.exams.study(exam.study)
    except NotFound:
        return ExamOrder(exam, run.site)
    case = uow.cases.of_study(exam.study)
    opened = load(uow, case).facts.opened if case is not None else None
    if opened is not None:
        prior = uow.exams.study(opened.prior_study) if opened.prior_study else None
        return ExamOrder(exam, uow.exams.episode(opened.episode).unit, study, prior)
    found = uow.exams.latest_prior(study)
    return ExamOrder(exam, run.site, study, uow.exams.study(found) if found else None)


def _with_paths(order: ExamOrder, files: FileLocator) -> ExamOrder:
    """The order with where the files of an exam of the store lie; one that is missing is left out."""
    studies = [study for study in (order.study, order.prior) if study is not None]
    digests = {image.digest for study in studies for image in study.images}
    digests |= {other.digest for study in studies for other in study.others}
    return replace(order, paths=dict(_paths(sorted(digests), files)))


def _paths(digests: Iterable[FileDigest], files: FileLocator) -> Iterator[tuple[FileDigest, str]]:
    for digest in digests:
        with suppress(NotFound):
            yield digest, str(files.path(digest))


def _old(uow: RescoreUnit, run: RescoreRun, study: StudyInstanceUid) -> Side:
    """What is compared with: the row of an earlier run, or else the latest read that the store has of the exam."""
    if run.against:
        row = uow.rescoring.row(run.against, study)
        return row.new if row is not None else Side()
    latest = uow.ai_reads.latest(study)
    return side_of(latest[1] if latest is not None else None)


def withdraw_objected(uow: RescoreUnit, run: str) -> int:
    """Take out the rows of women who objected after their exam was read; returns how many rows went."""
    done = set(uow.rescoring.read_by_run(run))
    gone = 0
    for study, objections in uow.rescoring.objecting_exams(run):
        state = _left_out(objections)
        if state is not None:
            uow.rescoring.leave_out(run, study, state)
            gone += study in done
    return gone


def take_up(uow: RescoreUnit, run: str, ids: Ids, has_job: Callable[[int], bool]) -> int:
    """Enqueue the chunks that have exams waiting and no job any more; returns how many."""
    forgotten = [chunk for chunk, waits in uow.rescoring.chunks(run) if waits and not has_job(chunk)]
    for chunk in forgotten:
        uow.jobs.enqueue_bulk(RESCORE_JOB, job_key(run, chunk, ids.new("again")), run, str(chunk))
    return len(forgotten)

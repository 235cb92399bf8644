"""Leads a rescoring run: plans it, works on it beside other workers, writes each finished chunk, and reports.

The database is the state; the folder holds what can be written again from it at any time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import Any, Final

from audits.rescoring import RescoringReport, build, read_parts, write_part
from audits.rescoring_text import to_markdown
from screening.app.compose import Service
from screening.app.output import write_text, writing
from screening.domain.errors import InvalidInput, NotFound, StoreUnavailable
from screening.store.runner import JobRunner
from screening.workflow.rescore import RESCORE_JOB, plan, take_up, withdraw_objected
from screening.workflow.rescore_values import ExamState, PlannedExam, RescoreProgress, RescoreRun

RUN_FILE, ROWS_FOLDER, JSON_FILE, TEXT_FILE = "run.json", "rows", "report.json", "report.md"
_CHUNKS_AT_ONCE: Final = 64
"""Chunks planned in one transaction."""
_LOOK_S: Final = 0.5
_LOOKING_SHARE: Final = 10
"""Seconds between two looks, and how often longer than a look takes: a run of a million exams is looked at seldom."""


def run_in(out: Path) -> str:
    """Id of the run whose results a folder holds. Raises NotFound or InvalidInput."""
    try:
        run = json.loads((out / RUN_FILE).read_text(encoding="utf-8"))["run"]
    except FileNotFoundError as error:
        raise NotFound(f"{out.name} holds no rescoring run") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"{RUN_FILE} in {out.name} cannot be read") from error
    return str(run)


@dataclass(frozen=True)
class Leader:
    """One run and its folder."""

    service: Service
    run: RescoreRun
    out: Path

    def begin(self, exams: Iterable[PlannedExam], chunk: int, told: dict[str, int] | None = None) -> None:
        """Plan exams and enqueue their chunks; what is planned already stays. Raises InvalidInput for a folder taken.

        The folder says which run it holds before anything is enqueued. `told` are counts that only a scan knows.
        """
        self._claim(told or {})
        with self.service.units() as uow:
            plan(uow, self.run, self.service.clock, (), chunk)
        stream = iter(exams)
        while block := list(islice(stream, chunk * _CHUNKS_AT_ONCE)):
            with self.service.units() as uow:
                plan(uow, self.run, self.service.clock, block, chunk)

    def resume(self) -> None:
        """Take up what was left: parked chunks are tried again, and chunks nobody works on are enqueued.

        Rows of women who objected meanwhile go, from the files too.
        """
        jobs = self._jobs(self.service.runner())
        self.service.retry_jobs(key for key, parked in jobs if parked)
        with_job = {int(key.split(":")[2]) for key, _parked in jobs}
        with self.service.units() as uow:
            take_up(uow, self.run.run, self.service.ids, lambda chunk: chunk in with_job)
            withdrawn = withdraw_objected(uow, self.run.run)
        if withdrawn:
            for part in self._rows.glob("*.parquet"):
                part.unlink()

    def work(self, told: Callable[[RescoreProgress], None]) -> RescoreProgress:
        """Work beside other workers until nothing is left but what is parked; returns how far the run is.

        A database that cannot be reached for a while is waited for. Raises StoreUnavailable when this worker may not go
        on, or when the folder has no room for results.
        """
        runner = self.service.runner(bulk=True)
        waiting = Event()
        runner.start()
        try:
            while runner.alive:
                began = perf_counter()
                progress, at_work = self._look(runner)
                if progress is not None:
                    told(progress)
                    self._write_finished()
                    if not at_work:
                        return progress
                waiting.wait(max(_LOOK_S, _LOOKING_SHARE * (perf_counter() - began)))
        finally:
            runner.stop()
        raise StoreUnavailable("this worker may not go on; run the same command again")

    def _look(self, runner: JobRunner) -> tuple[RescoreProgress | None, bool]:
        """How far the run is, None where nobody can say now; and whether anybody is at work on the rest."""
        try:
            jobs = self._jobs(runner)
            with self.service.units() as uow:
                progress = uow.rescoring.progress(self.run.run)
        except StoreUnavailable:
            return None, True
        return progress, progress.finished < progress.total and any(not parked for _key, parked in jobs)

    def _write_finished(self) -> None:
        """Write the chunks that were finished since."""
        with self.service.units() as uow:
            chunks = uow.rescoring.chunks(self.run.run)
        for chunk, waits in chunks:
            path = self._rows / f"chunk-{chunk:06d}.parquet"
            if not waits and not path.exists():
                with self.service.units() as uow:
                    rows = uow.rescoring.rows(self.run.run, chunk)
                with writing(path):
                    write_part(rows, path)

    def report(self) -> RescoringReport:
        """Write the report on what is finished, as JSON and Markdown."""
        with self.service.units() as uow:
            progress = uow.rescoring.progress(self.run.run)
        coverage = {"planned": progress.total} | {state.value: progress.counts.get(state, 0) for state in ExamState}
        frame = read_parts(self._rows)
        identity = self.run.identity
        report = build(frame, self.run.run, identity.product, identity.label, self._told() | coverage)
        write_text(self.out / JSON_FILE, json.dumps(report.as_data(), indent=2, ensure_ascii=False) + "\n")
        write_text(self.out / TEXT_FILE, to_markdown(report))
        return report

    @property
    def _rows(self) -> Path:
        return self.out / ROWS_FOLDER

    def _jobs(self, runner: JobRunner) -> Sequence[tuple[str, bool]]:
        """Keys of the chunks that are not done, and whether each is parked."""
        return runner.bulk_jobs(f"{RESCORE_JOB}:{self.run.run}:")

    def _claim(self, told: dict[str, int]) -> None:
        with writing(self.out):
            self._rows.mkdir(parents=True, exist_ok=True)
            if (self.out / RUN_FILE).exists() and run_in(self.out) != self.run.run:
                raise InvalidInput(f"{self.out.name} holds another run: another version, archive or comparison")
            text = json.dumps({"run": self.run.run, "product": self.run.identity.product, "told": told}, indent=2)
            part = self.out / f".{RUN_FILE}.{os.getpid()}"
            part.write_text(text + "\n", encoding="utf-8")
            part.replace(self.out / RUN_FILE)

    def _told(self) -> dict[str, int]:
        document: dict[str, Any] = json.loads((self.out / RUN_FILE).read_text(encoding="utf-8"))
        return {str(name): int(count) for name, count in dict(document.get("told", {})).items()}

"""Exams per second of rescoring: a plain loop, one and two workers, a Ray cluster of two nodes; and what a job costs.

Run: `python -m benchmarks.bench_rescore [exams]`, on SQLite. The archive is phantom exams of 0.2 mm, each
four files. Every worker has its model loaded before the clock starts, and all share the processors of this machine.
The overhead is that of the queue, the table and the objections: the same loop with a reader that answers at once.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from time import perf_counter

from screening.app import compose
from screening.app.phantoms import Order, Style, write_round
from screening.app.rescoring.archives import scan
from screening.app.rescoring.reading import reader_of
from screening.app.rescoring.working import exam_runner
from screening.app.settings import Settings
from screening.app.system import RandomIds, SystemClock
from screening.domain.identifiers import StudyInstanceUid
from screening.store.jobs import bulk_jobs, open_view
from screening.store.open import open_store
from screening.store.runner import JobRunner, give_way
from screening.store.uow import SqlUnits
from screening.workflow.rescore import RESCORE_JOB, ChunkWork, plan
from screening.workflow.rescore_values import DEFAULT_CHUNK, ExamOrder, Location, PlannedExam, RescoreRun
from tests.app.rescoring.ray_nodes import QUIET, two_nodes
from tests.workflow.rescored import NoStoredFiles, Scripted

CHUNK, LOOK_S, EMPTY = 4, 0.1, 1000


def archive(folder: Path, exams: int) -> list[PlannedExam]:
    """Phantom exams as planned exams."""
    write_round(Order(exams=exams, style=Style.A), folder, 2, lambda: None)
    return list(scan([str(folder)], compose.instance_reader()).exams)


def run_of(settings: Settings, source: str) -> RescoreRun:
    """A run of the default model."""
    reader = reader_of(settings, "native", "")
    return RescoreRun("native", "", reader.identity, reader.fingerprint, (source,))


def loop(settings: Settings, run: RescoreRun, exams: Iterable[PlannedExam]) -> float:
    """Seconds of the plain loop, after one exam to warm up."""
    orders = [ExamOrder(exam, "") for exam in exams]
    read_all = exam_runner(settings, run)
    list(read_all(orders[:1]))
    began = perf_counter()
    list(read_all(orders))
    return perf_counter() - began


def work(url: str, run: str, reader: str, address: str, warm: str) -> None:
    """A worker process: load and warm up, say so, and do chunks from the word go until none is left."""
    settings = Settings(ray_address=address)
    engine = open_store(url)
    units = SqlUnits(engine)
    with units() as uow:
        planned = uow.rescoring.run(run)
        exam = uow.rescoring.waiting(run, 1)[0]
    read_all = exam_runner(settings, planned) if reader == "native" else Scripted().read_all
    for _ in range(int(warm)):
        list(read_all([ExamOrder(exam, "")] * 2))
    chunks = ChunkWork(units, NoStoredFiles(), lambda _run: read_all, RandomIds(), give_way)
    handlers = {RESCORE_JOB: lambda name, chunk: chunks.do(name, int(chunk))}
    runner, view, waiting = JobRunner(engine, {}, bulk=handlers), open_view(engine), Event()
    print("ready", flush=True)
    sys.stdin.readline()
    runner.start()
    while bulk_jobs(view, ""):
        waiting.wait(LOOK_S)
    runner.stop()
    units.close()
    engine.dispose()


def queued(
    url: str, run: RescoreRun, exams: list[PlannedExam], workers: int = 1, reader: str = "native", address: str = ""
) -> float:
    """Seconds from the word go until every worker has ended; chunks are small where exams are few."""
    engine = open_store(url)
    units = SqlUnits(engine)
    with units() as uow:
        plan(uow, run, SystemClock(), exams, CHUNK if len(exams) < EMPTY else DEFAULT_CHUNK)
    units.close()
    engine.dispose()
    command = [sys.executable, "-m", "benchmarks.bench_rescore", "--work", url, run.run, reader, address, "1"]
    pipe = subprocess.PIPE
    started = [subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe) for _ in range(workers)]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    began = perf_counter()
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.wait() for process in started] == [0] * workers
    return perf_counter() - began


def empty_exams() -> list[PlannedExam]:
    """Exams that nobody opens."""
    return [PlannedExam(StudyInstanceUid(f"1.2.{number}"), (Location("/nowhere"),)) for number in range(EMPTY)]


def told(what: str, exams: int, seconds: float) -> None:
    """One line of the table."""
    print(f"{what:<44}{exams:>7}{seconds:>9.1f}{exams / seconds:>10.2f}{1000 * seconds / exams:>10.1f}")


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 16
    with TemporaryDirectory() as name:
        folder = Path(name)
        exams = archive(folder / "archive", count)
        settings = Settings(data_dir=folder)

        def store(called: str) -> str:
            return f"sqlite:///{folder / called}.db"

        print(f"{'':<44}{'exams':>7}{'s':>9}{'exams/s':>10}{'ms/exam':>10}")
        run = run_of(settings, "archive")
        told("plain loop, one process", count, loop(settings, run, exams))
        told("durable chunks, one worker", count, queued(store("one"), run, exams))
        told("durable chunks, two workers", count, queued(store("two"), run, exams, 2))
        if find_spec("ray") is not None:
            with two_nodes(folder, os.environ | QUIET) as address:
                seconds = queued(store("ray"), run, exams, address=address)
                told("durable chunks, two Ray nodes of one core", count, seconds)
        seconds = queued(store("empty"), run, empty_exams(), reader="none")
        told("overhead: a reader that answers at once", EMPTY, seconds)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(*sys.argv[2:])
    else:
        main()

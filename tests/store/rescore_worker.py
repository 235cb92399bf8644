"""A worker process that rescores with a scripted reader: `python -m tests.store.rescore_worker URL STUCK_AFTER`.

It prints each study before it reads it. After `STUCK_AFTER` rows it stays inside its chunk, with the row of the exam
kept, until it is killed; a negative number works until no bulk job is left.
"""

from __future__ import annotations

import itertools
import sys
import threading
from typing import Final

from screening.store.engine import open_engine
from screening.store.jobs import bulk_jobs, open_view
from screening.store.runner import JobRunner, give_way
from screening.store.uow import SqlUnits
from screening.workflow.rescore import RESCORE_JOB, ChunkWork
from tests.workflow.rescored import Scripted, work

POLL_S: Final = 0.05


def main(url: str, stuck_after: int) -> None:
    """Work until no bulk job is left."""
    engine = open_engine(url)
    units = SqlUnits(engine)
    begun = itertools.count(1)

    def tell(study: str) -> None:
        if next(begun) == stuck_after + 1:
            threading.Event().wait()
        sys.stdout.write(f"{study}\n")
        sys.stdout.flush()

    chunks: ChunkWork = work(units, Scripted(before=tell), give_way)
    handlers = {RESCORE_JOB: lambda run, chunk: chunks.do(run, int(chunk))}
    runner = JobRunner(engine, {}, bulk=handlers, poll_s=POLL_S, take_over_s=0.2)
    view, waiting = open_view(engine), threading.Event()
    runner.start()
    while any(not parked for _key, parked in bulk_jobs(view, "")):
        waiting.wait(POLL_S)
    runner.stop()
    units.close()
    engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

"""A worker process for tests that kill it: `python -m tests.store.worker URL STUCK_AFTER`.

Each job opens a case for its study unless it has one, and prints the study; after `STUCK_AFTER` jobs it stays inside a
job whose work is committed but whose end is not, until it is killed. A negative number never gets stuck.
"""

from __future__ import annotations

import itertools
import sys
import threading

from screening.domain.identifiers import CaseId, EpisodeId, StudyInstanceUid, stable_id
from screening.store.engine import open_engine
from screening.store.runner import JobRunner
from screening.store.uow import SqlUnits
from tests.store.samples import NOW, opening


def main(url: str, stuck_after: int) -> None:
    """Work until nothing is left."""
    engine = open_engine(url)
    units = SqlUnits(engine)
    finished = itertools.count(1)

    def open_once(study: str) -> None:
        uid = StudyInstanceUid(study)
        with units() as uow:
            if uow.cases.of_study(uid) is None:
                case = CaseId(stable_id("case", study))
                uow.cases.append(case, 0, "worker", NOW, opening(uid, EpisodeId("episode")))
        sys.stdout.write(f"{study}\n")
        sys.stdout.flush()
        if next(finished) == stuck_after:
            threading.Event().wait()

    runner = JobRunner(engine, {"open_case": open_once}, concurrency=2, poll_s=0.05, take_over_s=0.2)
    counts = runner.run_until_idle(60)
    sys.stdout.write(f"{counts}\n")
    units.close()
    engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

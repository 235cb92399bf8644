"""Do the durable jobs that wait, in this process, and stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import typer

from screening.app import present
from screening.app.compose import Service
from screening.app.exit_codes import ExitCode
from screening.app.terminal import complaints
from screening.store.jobs import ParkedJob
from screening.store.runner import JobCounts

PATIENCE_S = 24 * 3600.0


@dataclass(frozen=True)
class Worked:
    """What working came to: jobs done, jobs parked by this very run, and jobs still unfinished."""

    done: int
    parked: tuple[ParkedJob, ...]
    unfinished: int


NOTHING_DONE: Final = Worked(0, (), 0)


def drain(service: Service) -> JobCounts:
    """Work until no job waits; what cannot be done is parked with its reason."""
    return service.runner().run_until_idle(PATIENCE_S)


def work_off(service: Service) -> Worked:
    """Work until no job waits, and say which jobs were parked meanwhile."""
    before = {(job.key, job.at) for job in service.parked_jobs()}
    counts = drain(service)
    parked = tuple(job for job in service.parked_jobs() if (job.key, job.at) not in before)
    return Worked(counts.done, parked, counts.unfinished)


def end_if_parked(worked: Worked, quiet: bool) -> None:
    """End the command with its exit status when this run left something for a person; `quiet` prints no table."""
    if not worked.parked and not worked.unfinished:
        return
    if worked.parked and not quiet:
        complaints.print(present.parked_table(worked.parked))
    if worked.unfinished:
        complaints.print(f"{worked.unfinished} jobs are not finished; run `secondread work`", markup=False)
    raise typer.Exit(ExitCode.NOTHING_USABLE)

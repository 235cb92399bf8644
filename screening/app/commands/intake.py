"""`secondread ingest` and `secondread work`: take exams in, and do the durable jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from screening.app.compose import Service
from screening.app.inputs import input_files
from screening.app.terminal import Json, emit, progress_bar, service_of
from screening.app.work import NOTHING_DONE, end_if_parked, work_off
from screening.domain.identifiers import CaseId
from screening.domain.quality import TEXTS
from screening.workflow.attention import attention as find_attention
from screening.workflow.intake import Received, receive_file
from screening.workflow.open_case import open_cases

Paths = Annotated[list[Path], typer.Argument(help="DICOM files, folders, or zip archives of them.", metavar="PATH...")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Also do the jobs that follow (AI reads) before ending.")]


def ingest(ctx: typer.Context, paths: Paths, wait: Wait = True, json: Json = False) -> None:
    """Store exams, say what every object is, open their cases and have AI read them.

    Every file is on disk before it is acknowledged. Run the same command again after an interruption: what is
    there is recognised, what is missing is done. The exit code is 1 when a job was parked for a person.
    """
    with service_of(ctx) as service:
        with input_files(paths) as files:
            received = _receive(service, files, hidden=json)
        cases = _open_cases(service, received, hidden=json)
        worked = work_off(service) if wait else NOTHING_DONE
    emit({"files": received, "cases": cases, "parked": worked.parked}, json, _summary(received, cases))
    end_if_parked(worked, json)


def work(
    ctx: typer.Context,
    retry: Annotated[list[str] | None, typer.Option(help="Put back the parked job of this key; repeatable.")] = None,
    retry_all: Annotated[bool, typer.Option("--retry-all", help="Put back every parked job.")] = False,
    json: Json = False,
) -> None:
    """Do every durable job that waits (AI reads, report composition), then end.

    Jobs that cannot be done are parked with a reason: they are listed, and the exit code is 1. With `--retry` or
    `--retry-all` parked jobs are tried once more first.
    """
    with service_of(ctx) as service:
        keys = [job.key for job in service.parked_jobs()] if retry_all else retry or []
        service.retry_jobs(keys)
        worked = replace(work_off(service), parked=tuple(service.parked_jobs()))
    emit({"done": worked.done, "parked": worked.parked}, json, f"{worked.done} jobs done")
    end_if_parked(worked, json)


def attention(ctx: typer.Context, json: Json = False) -> None:
    """List what waits for a person: refused files, quarantined instances, parked jobs, each with its reason."""
    with service_of(ctx) as service:
        with service.units() as uow:
            files = find_attention(uow)
        parked = list(service.parked_jobs())
    table = Table("what", "reason", "where", title="Waits for a person", title_justify="left")
    for item in files:
        table.add_row(f"file {item.digest[:12]}", escape(f"{item.reason.value}: {item.text}"), item.study or "no study")
    for job in parked:
        table.add_row(f"job {escape(job.name)}", escape(job.reason), escape(job.key))
    emit({"files": files, "parked": parked}, json, table if table.row_count else "nothing waits for a person")


def _receive(service: Service, files: Sequence[Path], hidden: bool) -> list[Received]:
    reader = service.operations().instances
    received = []
    with progress_bar(hidden) as bar:
        task = bar.add_task("storing files", total=len(files))
        for path in files:
            received.append(receive_file(service.units, service.files, reader, path, service.clock))
            bar.advance(task)
    return received


def _open_cases(service: Service, received: Sequence[Received], hidden: bool) -> list[CaseId]:
    studies = {item.study for item in received if item.study is not None}
    with progress_bar(hidden) as bar:
        task = bar.add_task("opening cases", total=len(studies))
        unit = service.settings.site
        return open_cases(service.units, service.clock, received, service.policy, unit, lambda: bar.advance(task))


def _summary(received: Sequence[Received], cases: Sequence[CaseId]) -> Table:
    table = Table("result", "files", title=f"{len(cases)} cases open", title_justify="left")
    counts = Counter(item.registered.value if item.registered else "not registered" for item in received)
    for result, count in sorted(counts.items()):
        table.add_row(result, str(count))
    for reason, count in sorted(Counter(item.reason for item in received if item.reason).items()):
        table.add_row(f"  {reason.value}: {TEXTS[reason]}", str(count))
    return table

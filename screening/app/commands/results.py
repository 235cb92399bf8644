"""`secondread release | report`: outcomes and what is sent of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from screening.app import compose
from screening.app.compose import Service
from screening.app.output import write_text, writing
from screening.app.results import write_results
from screening.app.terminal import Json, console, emit, service_of
from screening.app.work import end_if_parked, work_off
from screening.domain.case import CaseState
from screening.domain.errors import CaseHeld, NotFound
from screening.domain.identifiers import CaseId
from screening.domain.outcome import Outcome
from screening.domain.report import Language
from screening.workflow.release import release as release_case

Case = Annotated[str, typer.Argument(help="Case id, from the worklist.")]
Actor = Annotated[str, typer.Option("--by", help="Account of the person who acts.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Write to this file instead.")]
Results = Annotated[
    Path | None, typer.Option(help="Write FHIR, narratives, AI read, CAD SR and contact sheet into this folder.")
]


def release(
    ctx: typer.Context,
    case: Annotated[str, typer.Argument(help="Case id; leave out with --all.")] = "",
    by: Actor = "programme",
    every: Annotated[
        bool, typer.Option("--all", help="Release every concluded case; those on hold are listed and left.")
    ] = False,
    json: Json = False,
) -> None:
    """Release the outcome that follows from the recorded facts, and compose its report.

    The exit code is 1 when a report could not be composed and waits for a person.
    """
    if not case and not every:
        raise typer.BadParameter("name a case, or give --all")
    with service_of(ctx) as service:
        if case:
            released, held = {CaseId(case): _release(service, CaseId(case), by)}, dict[CaseId, str]()
        else:
            released, held = _release_all(service, by)
        worked = work_off(service)
    lines = [f"{one}: {outcome.kind.value}" for one, outcome in released.items()]
    lines += [f"{one}: not released, {why}" for one, why in held.items()]
    told = {"released": released, "held": held, "parked": worked.parked}
    emit(told, json, "\n".join(lines) or "no case was ready")
    end_if_parked(worked, json)


def _release(service: Service, case: CaseId, by: str) -> Outcome:
    with service.units() as uow:
        return release_case(uow, service.clock, case, by)


def _release_all(service: Service, by: str) -> tuple[dict[CaseId, Outcome], dict[CaseId, str]]:
    """Outcomes of the concluded cases that were released, and why the others were not."""
    with service.units() as uow:
        cases = [item.case for item in uow.cases.list({CaseState.CONCLUDED})]
    released: dict[CaseId, Outcome] = {}
    held: dict[CaseId, str] = {}
    for case in cases:
        try:
            released[case] = _release(service, case, by)
        except CaseHeld as error:
            held[case] = str(error)
    return released, held


def report(
    ctx: typer.Context,
    case: Case,
    language: Annotated[Language | None, typer.Option(help="Narrative in this language instead of FHIR.")] = None,
    out: Out = None,
    results: Results = None,
    json: Json = False,
) -> None:
    """Print the report of a released case: FHIR R4 transaction Bundle, or its narrative.

    With `--json` the neutral structured report is printed, from which both are made. With `--results` everything
    about the case is written into a folder named after it, and nothing is printed but its place.
    """
    with service_of(ctx) as service:
        with service.units() as uow:
            stored = uow.reports.latest(CaseId(case))
        if stored is None:
            raise NotFound("this case has no report; release it first")
        if results is not None:
            with writing(results):
                write_results(service, [CaseId(case)], results, lambda: None)
            emit({"results": str(results / case)}, json, f"written to {results / case}")
            return
    if json:
        emit(stored, True, "")
        return
    writer = compose.report_writer()
    text = writer.narrative(stored, language) if language else writer.bundle(stored).decode()
    if out is not None:
        write_text(out, text)
    else:
        console.file.write(text + "\n")

"""`secondread release | report | object | assess | withdraw`: outcomes, reports, and what comes after."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from screening.app import compose
from screening.app.terminal import Json, console, emit, service_of
from screening.app.work import drain
from screening.domain import events as ev
from screening.domain.case import CaseState
from screening.domain.errors import NotFound
from screening.domain.identifiers import CaseId
from screening.domain.report import Language
from screening.workflow.amend_case import amend_case
from screening.workflow.release import release as release_case

Case = Annotated[str, typer.Argument(help="Case id, from the worklist.")]
Actor = Annotated[str, typer.Option("--by", help="Account of the person who acts.")]


def release(
    ctx: typer.Context,
    case: Annotated[str, typer.Argument(help="Case id; leave out with --all.")] = "",
    by: Actor = "programme",
    every: Annotated[
        bool, typer.Option("--all", help="Release every concluded case that no hold stands against.")
    ] = False,
    json: Json = False,
) -> None:
    """Release the outcome that follows from the recorded facts, and compose its report."""
    if not case and not every:
        raise typer.BadParameter("name a case, or give --all")
    with service_of(ctx) as service:
        with service.units() as uow:
            named = [CaseId(case)] if case else [item.case for item in uow.cases.list({CaseState.CONCLUDED})]
        outcomes = {}
        for one in named:
            with service.units() as uow:
                outcomes[one] = release_case(uow, service.clock, one, by)
        drain(service)
    lines = "\n".join(f"{one}: {outcome.kind.value}" for one, outcome in outcomes.items())
    emit(outcomes, json, lines or "no case was ready")


def report(
    ctx: typer.Context,
    case: Case,
    language: Annotated[Language | None, typer.Option(help="Narrative in this language instead of FHIR.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write to this file instead.")] = None,
    json: Json = False,
) -> None:
    """Print the report of a released case: FHIR R4 transaction Bundle, or its narrative.

    With `--json` the neutral structured report is printed, from which both are made.
    """
    with service_of(ctx) as service, service.units() as uow:
        stored = uow.reports.latest(CaseId(case))
    if stored is None:
        raise NotFound("this case has no report; release it first")
    if json:
        emit(stored, True, "")
        return
    writer = compose.report_writer()
    text = writer.narrative(stored, language) if language else writer.bundle(stored).decode()
    if out is not None:
        out.write_text(text, encoding="utf-8")
    else:
        console.file.write(text + "\n")


def object_to(
    ctx: typer.Context, case: Case, objection: ev.Objection, by: Actor = "programme", json: Json = False
) -> None:
    """Record a woman's objection for this episode: no_ai, no_sharing or no_research."""
    _amend(ctx, case, ev.ObjectionRecorded(objection), by, json)


def withdraw(
    ctx: typer.Context,
    case: Case,
    reason: Annotated[str, typer.Option(help="Why, in words.")],
    by: Actor,
    json: Json = False,
) -> None:
    """End a case without a reading result, with a reason and a person."""
    _amend(ctx, case, ev.CaseWithdrawn(reason), by, json)


def assess(
    ctx: typer.Context,
    case: Case,
    on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Date of the assessment.")],
    cancer: Annotated[bool, typer.Option(help="Whether cancer was found.")],
    biopsy: Annotated[bool, typer.Option(help="Whether a biopsy was taken.")] = True,
    invasive: Annotated[bool | None, typer.Option(help="Invasive or in situ.")] = None,
    size_mm: Annotated[float | None, typer.Option(help="Largest diameter in millimetres.")] = None,
    by: Actor = "hospital",
    json: Json = False,
) -> None:
    """Record what the hospital found after recall; it reaches the audit."""
    fact = ev.AssessmentReceived(on.date(), None, biopsy, cancer, invasive, size_mm)
    _amend(ctx, case, fact, by, json)


def _amend(
    ctx: typer.Context,
    case: str,
    fact: ev.ObjectionRecorded | ev.CaseWithdrawn | ev.AssessmentReceived,
    by: str,
    json: bool,
) -> None:
    with service_of(ctx) as service, service.units() as uow:
        amend_case(uow, service.clock, CaseId(case), fact, by)
    emit({"recorded": type(fact).__name__}, json, f"recorded {type(fact).__name__}")

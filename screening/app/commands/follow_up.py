"""`secondread hold | resume | object | withdraw | withdraw-read | late-images | assess | interval-cancer`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from screening.app.terminal import Json, emit, service_of
from screening.domain import events as ev
from screening.domain.identifiers import CaseId, ReadId
from screening.domain.study import Laterality
from screening.workflow.amend_case import PersonalFact, amend_case

Case = Annotated[str, typer.Argument(help="Case id, from the worklist.")]
Actor = Annotated[str, typer.Option("--by", help="Account of the person who acts.")]
Why = Annotated[str, typer.Option("--reason", help="Why, in words.")]
On = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Date, as in 2026-02-01.")]
Invasive = Annotated[bool | None, typer.Option(help="Invasive or in situ.")]
Hold = Annotated[ev.HoldKind, typer.Argument(help="Kind of hold.")]


def hold(ctx: typer.Context, case: Case, kind: Hold, reason: Why, by: Actor = "programme", json: Json = False) -> None:
    """Set a case aside: it is not released while the hold stands, and still owes an outcome."""
    _amend(ctx, case, ev.Held(kind, reason), by, json)


def resume(
    ctx: typer.Context,
    case: Case,
    kind: Hold,
    note: Annotated[str, typer.Option(help="What was found out.")] = "",
    by: Actor = "programme",
    json: Json = False,
) -> None:
    """Lift a hold of this kind."""
    _amend(ctx, case, ev.Resumed(kind, note), by, json)


def object_to(
    ctx: typer.Context, case: Case, objection: ev.Objection, by: Actor = "programme", json: Json = False
) -> None:
    """Record a woman's objection for this episode: no_ai, no_sharing or no_research."""
    _amend(ctx, case, ev.ObjectionRecorded(objection), by, json)


def withdraw(ctx: typer.Context, case: Case, reason: Why, by: Actor, json: Json = False) -> None:
    """End a case without a reading result, with a reason and a person."""
    _amend(ctx, case, ev.CaseWithdrawn(reason), by, json)


def withdraw_read(
    ctx: typer.Context,
    case: Case,
    read_id: Annotated[str, typer.Argument(help="Id that `read` gave back.")],
    reason: Why,
    by: Actor,
    json: Json = False,
) -> None:
    """Make a read count no longer, with a reason and a person; it stays on record."""
    _amend(ctx, case, ev.ReadWithdrawn(ReadId(read_id), reason), by, json)


def late_images(
    ctx: typer.Context,
    case: Case,
    note: Annotated[str, typer.Option(help="What was found on the images that came late.")],
    by: Actor,
    json: Json = False,
) -> None:
    """Record that a person has looked at images that came after a read; until then the case is not released."""
    _amend(ctx, case, ev.LateImagesResolved(note), by, json)


def assess(
    ctx: typer.Context,
    case: Case,
    on: On,
    cancer: Annotated[bool, typer.Option(help="Whether cancer was found.")],
    biopsy: Annotated[bool, typer.Option(help="Whether a biopsy was taken.")] = True,
    invasive: Invasive = None,
    size_mm: Annotated[float | None, typer.Option(help="Largest diameter in millimetres.")] = None,
    by: Actor = "hospital",
    json: Json = False,
) -> None:
    """Record what the hospital found after recall; it reaches the audit."""
    _amend(ctx, case, ev.AssessmentReceived(on.date(), None, biopsy, cancer, invasive, size_mm), by, json)


def interval_cancer(
    ctx: typer.Context,
    case: Case,
    on: On,
    side: Annotated[Laterality | None, typer.Option(help="Which breast.")] = None,
    invasive: Invasive = None,
    by: Actor = "registry",
    json: Json = False,
) -> None:
    """Record a cancer found between a normal outcome and the next round; it reaches the audit."""
    _amend(ctx, case, ev.IntervalCancerReported(on.date(), side, invasive), by, json)


def _amend(ctx: typer.Context, case: str, fact: PersonalFact, by: str, json: bool) -> None:
    with service_of(ctx) as service, service.units() as uow:
        amend_case(uow, service.clock, CaseId(case), fact, by)
    emit({"recorded": type(fact).__name__}, json, f"recorded {type(fact).__name__}")

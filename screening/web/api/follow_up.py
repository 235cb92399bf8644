"""What else people record about a case over HTTP: holds, reads that no longer count, cancers between rounds."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from readers.human.form import Choice, Form, Name
from screening.domain import events as ev
from screening.domain.identifiers import CaseId, ReadId
from screening.domain.study import Laterality
from screening.web.dependencies import Ops
from screening.workflow.amend_case import PersonalFact, amend_case

router = APIRouter(prefix="/cases", tags=["follow-up"])

Why = Annotated[str, Field(min_length=1, max_length=4000)]


class HoldForm(Form):
    """Why a case is set aside."""

    actor: Name
    kind: Choice[ev.HoldKind]
    reason: Why


class ResumeForm(Form):
    """Which hold is lifted."""

    actor: Name
    kind: Choice[ev.HoldKind]
    note: Annotated[str, Field(max_length=4000)] = ""


class ReadWithdrawalForm(Form):
    """Why a read no longer counts."""

    actor: Name
    reason: Why


class IntervalCancerForm(Form):
    """A cancer found between a normal outcome and the next round."""

    actor: Name
    diagnosed_on: Choice[date]
    laterality: Choice[Laterality] | None = None
    invasive: bool | None = None


@router.post("/{case}/hold", status_code=204)
def hold(case: str, form: HoldForm, ops: Ops) -> None:
    """Set the case aside: it is not released while the hold stands, and still owes an outcome."""
    _amend(ops, case, ev.Held(form.kind, form.reason), form.actor)


@router.post("/{case}/resume", status_code=204)
def resume(case: str, form: ResumeForm, ops: Ops) -> None:
    """Lift a hold of this kind."""
    _amend(ops, case, ev.Resumed(form.kind, form.note), form.actor)


@router.post("/{case}/reads/{read_id}/withdrawal", status_code=204)
def withdraw_read(case: str, read_id: str, form: ReadWithdrawalForm, ops: Ops) -> None:
    """Make a read count no longer; it stays on record."""
    _amend(ops, case, ev.ReadWithdrawn(ReadId(read_id), form.reason), form.actor)


@router.post("/{case}/interval-cancer", status_code=204)
def interval_cancer(case: str, form: IntervalCancerForm, ops: Ops) -> None:
    """Record a cancer found between a normal outcome and the next round; it reaches the audit."""
    _amend(ops, case, ev.IntervalCancerReported(form.diagnosed_on, form.laterality, form.invasive), form.actor)


def _amend(ops: Ops, case: str, fact: PersonalFact, actor: str) -> None:
    with ops.units() as uow:
        amend_case(uow, ops.clock, CaseId(case), fact, actor)

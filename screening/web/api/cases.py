"""Cases over HTTP: worklist, view under blinding, claims, reads, arbitration, release, report, follow-up."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from readers.human.form import ArbitrationForm, Choice, Form, Name, ReaderForm, ReadForm
from screening.domain import events as ev
from screening.domain.case import CaseState
from screening.domain.errors import InvalidInput, NotFound
from screening.domain.identifiers import CaseId, ReadId
from screening.domain.opinion import BiRads
from screening.domain.outcome import Outcome
from screening.domain.policy import Role
from screening.domain.report import Language
from screening.web.dependencies import Ops, Person, PersonIfNamed
from screening.workflow.amend_case import amend_case
from screening.workflow.arbitrate import Arbitrate, arbitrate
from screening.workflow.claim import claim_read, release_claim
from screening.workflow.finalise import finalise_read
from screening.workflow.ports import CaseSummary
from screening.workflow.release import release
from screening.workflow.submit_read import SubmitRead, submit_read
from screening.workflow.view_case import CaseView, view_case
from screening.workflow.worklist import WorklistLine, reader_worklist

router = APIRouter(prefix="/cases", tags=["cases"])


class Recorded(Form):
    """Id of what was recorded."""

    id: str


class ActorForm(Form):
    """Who acts."""

    actor: Name


class ObjectionForm(ActorForm):
    """A woman's objection for this episode."""

    objection: Choice[ev.Objection]


class WithdrawalForm(ActorForm):
    """Why a case ends without a reading result."""

    reason: Annotated[str, Field(min_length=1, max_length=4000)]


class LateImagesForm(ActorForm):
    """What was done about images that came after the case had been read."""

    note: Annotated[str, Field(min_length=1, max_length=4000)]


class AssessmentForm(ActorForm):
    """What the hospital found after recall."""

    assessed_on: Choice[date]
    radiology_category: Annotated[int, Field(ge=0, le=6)] | None = None
    biopsy: bool
    cancer: bool
    invasive: bool | None = None
    size_mm: Annotated[float, Field(gt=0, le=300)] | None = None
    node_positive: bool | None = None


@router.get("")
def worklist(
    ops: Ops, person: PersonIfNamed, state: Annotated[list[CaseState] | None, Query()] = None
) -> list[WorklistLine] | list[CaseSummary]:
    """Cases, oldest first.

    With `reader` and `registration`: that reader's worklist, `to_read` and `read`, which says nothing of AI or of
    other readers. Without: the manager's list, whose states (`awaiting_arbitration`) do, so it is not for readers.
    """
    if person is not None and state:
        raise InvalidInput("a reader's worklist is not chosen by state: the state tells what others said")
    with ops.units() as uow:
        if person is not None:
            return list(reader_worklist(uow, ops.clock, person))
        return list(uow.cases.list(state or ()))


@router.get("/{case}")
def show(case: str, ops: Ops, person: Person, role: Role = Role.READER) -> CaseView:
    """The case as this person may see it; the policy's visibility matrix decides, every reveal is recorded."""
    with ops.units() as uow:
        return view_case(uow, ops.clock, CaseId(case), role, person)


@router.post("/{case}/claim", status_code=204)
def claim(case: str, form: ReaderForm, ops: Ops) -> None:
    """Take the lease for a read."""
    with ops.units() as uow:
        claim_read(uow, ops.clock, CaseId(case), form.to_author())


@router.delete("/{case}/claim", status_code=204)
def give_back(case: str, ops: Ops, person: Person) -> None:
    """Give the lease back."""
    with ops.units() as uow:
        release_claim(uow, ops.clock, CaseId(case), person)


@router.post("/{case}/reads", status_code=201)
def read(case: str, form: ReadForm, ops: Ops) -> Recorded:
    """Record a signed read, or the correction of the own read within its window."""
    command = SubmitRead(CaseId(case), form.author.to_author(), form.to_opinion(), form.corrected, form.seconds)
    with ops.units() as uow:
        return Recorded(id=submit_read(uow, ops.clock, ops.ids, command).read)


@router.post("/{case}/reads/{read_id}/finalise", status_code=204)
def finalise(case: str, read_id: str, form: ReaderForm, ops: Ops) -> None:
    """Close the correction window of the own read or decision early."""
    with ops.units() as uow:
        finalise_read(uow, ops.clock, CaseId(case), ReadId(read_id), form.to_author())


@router.post("/{case}/arbitration", status_code=201)
def decide_discordance(case: str, form: ArbitrationForm, ops: Ops) -> Recorded:
    """Record the third decision."""
    authors = tuple(author.to_author() for author in form.authors)
    command = Arbitrate(CaseId(case), authors, form.to_opinion(), form.reason)
    with ops.units() as uow:
        return Recorded(id=arbitrate(uow, ops.clock, ops.ids, command).read)


@router.post("/{case}/release")
def release_outcome(case: str, form: ActorForm, ops: Ops) -> Outcome:
    """Release the outcome that follows from the recorded facts."""
    with ops.units() as uow:
        return release(uow, ops.clock, CaseId(case), form.actor)


@router.post("/{case}/objections", status_code=204)
def object_to(case: str, form: ObjectionForm, ops: Ops) -> None:
    """Record an objection; `no_ai` before inference means none is run, after it means its read no longer counts."""
    with ops.units() as uow:
        amend_case(uow, ops.clock, CaseId(case), ev.ObjectionRecorded(form.objection), form.actor)


@router.post("/{case}/late-images", status_code=204)
def resolve_late_images(case: str, form: LateImagesForm, ops: Ops) -> None:
    """Record that a person looked into images that came late; until then the outcome is not released."""
    with ops.units() as uow:
        amend_case(uow, ops.clock, CaseId(case), ev.LateImagesResolved(form.note), form.actor)


@router.post("/{case}/withdrawal", status_code=204)
def withdraw(case: str, form: WithdrawalForm, ops: Ops) -> None:
    """End a case without a reading result, with a reason and a person."""
    with ops.units() as uow:
        amend_case(uow, ops.clock, CaseId(case), ev.CaseWithdrawn(form.reason), form.actor)


@router.post("/{case}/assessment", status_code=204)
def assess(case: str, form: AssessmentForm, ops: Ops) -> None:
    """Record what the hospital found after recall; it closes the loop to readers and audits."""
    fact = ev.AssessmentReceived(
        assessed_on=form.assessed_on,
        radiology_category=None if form.radiology_category is None else BiRads(form.radiology_category),
        biopsy=form.biopsy,
        cancer=form.cancer,
        invasive=form.invasive,
        size_mm=form.size_mm,
        node_positive=form.node_positive,
    )
    with ops.units() as uow:
        amend_case(uow, ops.clock, CaseId(case), fact, form.actor)


@router.get("/{case}/report", response_class=Response)
def report(case: str, ops: Ops, language: Language | None = None) -> Response:
    """The report of a released case: a FHIR R4 transaction Bundle, or with `language` its narrative as plain text."""
    with ops.units() as uow:
        stored = uow.reports.latest(CaseId(case))
    if stored is None:
        raise NotFound("this case has no report yet")
    if language is not None:
        return Response(ops.reports.narrative(stored, language), media_type="text/plain; charset=utf-8")
    return Response(ops.reports.bundle(stored), media_type="application/fhir+json; fhirVersion=4.0")

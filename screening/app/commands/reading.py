"""`secondread worklist | show | read | finalise | arbitrate`: what readers and arbiters do."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError
from rich.pretty import Pretty
from rich.table import Table

from readers.human.form import ArbitrationForm, Form, ReadForm
from screening.app import present
from screening.app.terminal import Json, emit, service_of, to_plain
from screening.domain.case import CaseState
from screening.domain.errors import InvalidInput
from screening.domain.events import Author
from screening.domain.identifiers import CaseId, ReaderId, ReadId
from screening.domain.opinion import OpinionKind, TechnicalReason
from screening.domain.policy import Role
from screening.domain.study import Slot
from screening.workflow.arbitrate import Arbitrate
from screening.workflow.arbitrate import arbitrate as arbitrate_case
from screening.workflow.finalise import finalise_read
from screening.workflow.submit_read import SubmitRead, submit_read
from screening.workflow.view_case import view_case
from screening.workflow.worklist import reader_worklist

F = TypeVar("F", bound=Form)

Case = Annotated[str, typer.Argument(help="Case id, from the worklist.")]
Reader = Annotated[str, typer.Option(help="Account of the reader.")]
Registration = Annotated[str, typer.Option(help="Registration number; ties accounts to one person.")]
Opinion = Annotated[OpinionKind, typer.Option(help="The opinion.")]
Right = Annotated[int | None, typer.Option(help="BI-RADS category of the right breast, 0-6.")]
Left = Annotated[int | None, typer.Option(help="BI-RADS category of the left breast, 0-6.")]
Repeat = Annotated[list[str] | None, typer.Option(help="View to repeat and why, such as RMLO:motion; may be repeated.")]
FormFile = Annotated[Path | None, typer.Option("--form", help="Whole form as JSON (findings, locations) from a file.")]


def worklist(
    ctx: typer.Context,
    state: Annotated[list[CaseState] | None, typer.Option(help="Only cases in this state; may be repeated.")] = None,
    reader: Annotated[str | None, typer.Option(help="The worklist of this reader, with --registration.")] = None,
    registration: Annotated[str | None, typer.Option(help="Registration number of that reader.")] = None,
    json: Json = False,
) -> None:
    """List cases, oldest first: with --reader what that reader has to read and has read, and nothing else.

    Without it the list is the manager's. Its states tell which cases wait for AI or for arbitration, and so something
    of what AI and readers said: it is not for who still has to read a case on it.
    """
    if reader is not None or registration is not None:
        _worklist_of(ctx, reader, registration, state, json)
        return
    with service_of(ctx) as service, service.units() as uow:
        cases = list(uow.cases.list(state or ()))
    emit(cases, json, present.worklist_table(cases))


def _worklist_of(
    ctx: typer.Context, reader: str | None, registration: str | None, state: list[CaseState] | None, json: bool
) -> None:
    if reader is None or registration is None:
        raise InvalidInput("a reader is named by --reader and --registration together")
    if state:
        raise InvalidInput("a reader's worklist is not chosen by --state: the state tells what others said")
    with service_of(ctx) as service, service.units() as uow:
        lines = list(reader_worklist(uow, service.clock, Author(ReaderId(reader), registration)))
    table = Table("case", "state", "opened", title="Worklist", title_justify="left")
    for line in lines:
        table.add_row(line.case, line.state.value, f"{line.opened_at:%Y-%m-%d %H:%M}")
    emit(lines, json, table)


def show(
    ctx: typer.Context,
    case: Case,
    reader: Reader,
    registration: Registration,
    role: Annotated[Role, typer.Option(help="In which role.")] = Role.READER,
    json: Json = False,
) -> None:
    """Show a case as this person may see it; what the policy hides is absent, what it reveals is recorded."""
    with service_of(ctx) as service, service.units() as uow:
        view = view_case(uow, service.clock, CaseId(case), role, Author(ReaderId(reader), registration))
    emit(view, json, Pretty(to_plain(view)))


def read(
    ctx: typer.Context,
    case: Case,
    reader: Reader,
    registration: Registration,
    opinion: Opinion = OpinionKind.NORMAL,
    right: Right = None,
    left: Left = None,
    repeat: Repeat = None,
    form: FormFile = None,
    final: Annotated[bool, typer.Option("--final", help="Close the correction window at once.")] = False,
    json: Json = False,
) -> None:
    """Record a human read: by options, or as a whole form in JSON (see the API's ReadForm)."""
    author = {"reader": reader, "registration": registration}
    content = _content(form, opinion, right, left, repeat) | {"author": author}
    filled = _validated(ReadForm, content)
    command = SubmitRead(CaseId(case), filled.author.to_author(), filled.to_opinion(), filled.corrected, filled.seconds)
    with service_of(ctx) as service, service.units() as uow:
        recorded = submit_read(uow, service.clock, service.ids, command)
        if final:
            finalise_read(uow, service.clock, CaseId(case), recorded.read, command.author)
    emit(
        {"read": recorded.read, "kind": recorded.kind.value, "blind": recorded.blind}, json, f"recorded {recorded.read}"
    )


def finalise(
    ctx: typer.Context, case: Case, read_id: str, reader: Reader, registration: Registration, json: Json = False
) -> None:
    """Close the correction window of the own read early; it closes by itself when the policy's time has passed."""
    with service_of(ctx) as service, service.units() as uow:
        finalise_read(uow, service.clock, CaseId(case), ReadId(read_id), Author(ReaderId(reader), registration))
    emit({"finalised": read_id}, json, f"finalised {read_id}")


def arbitrate(
    ctx: typer.Context,
    case: Case,
    reason: Annotated[str, typer.Option(help="Why, in words.")],
    author: Annotated[list[str], typer.Option(help="Arbiter as ACCOUNT:REGISTRATION; repeat for a panel.")],
    opinion: Opinion = OpinionKind.NORMAL,
    right: Right = None,
    left: Left = None,
    repeat: Repeat = None,
    form: FormFile = None,
    final: Annotated[bool, typer.Option("--final", help="Close the correction window at once.")] = False,
    json: Json = False,
) -> None:
    """Record the third decision on a discordant or flagged case."""
    authors = [dict(zip(("reader", "registration"), item.split(":", 1), strict=False)) for item in author]
    content = _content(form, opinion, right, left, repeat) | {"authors": authors, "reason": reason}
    filled = _validated(ArbitrationForm, content)
    people = tuple(person.to_author() for person in filled.authors)
    with service_of(ctx) as service, service.units() as uow:
        command = Arbitrate(CaseId(case), people, filled.to_opinion(), filled.reason)
        decided = arbitrate_case(uow, service.clock, service.ids, command)
        if final:
            finalise_read(uow, service.clock, CaseId(case), decided.read, people[0])
    emit({"decision": decided.read}, json, f"recorded {decided.read}")


def _content(
    form: Path | None, opinion: OpinionKind, right: int | None, left: int | None, repeat: list[str] | None
) -> dict[str, Any]:
    """The form as data, from a file or from options."""
    if form is not None:
        return dict(_parsed(form))
    sides = {"right": right, "left": left}
    return {
        "opinion": opinion.value,
        **{side: {"category": category} for side, category in sides.items() if category is not None},
        "repeat": [_repeat(item) for item in repeat or []],
    }


def _repeat(item: str) -> dict[str, str]:
    view, _, reason = item.partition(":")
    if view not in set(Slot) or reason not in set(TechnicalReason):
        raise InvalidInput(f"a view to repeat is given as VIEW:REASON, such as RMLO:motion; got {item!r}")
    return {"view": view, "reason": reason}


def _parsed(path: Path) -> dict[str, Any]:
    try:
        content = json_format.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{path.name} holds no JSON form: {error}") from error
    if not isinstance(content, dict):
        raise InvalidInput(f"{path.name} holds no JSON object")
    return content


def _validated(kind: type[F], content: dict[str, Any]) -> F:
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        fields = "; ".join(f"{'.'.join(str(p) for p in item['loc'])}: {item['msg']}" for item in error.errors())
        raise InvalidInput(fields) from error

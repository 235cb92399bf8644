"""What every command shares: the settings in force, the service for one command, and output as tables or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from screening.app.compose import Service, open_service
from screening.app.documents import to_data
from screening.app.settings import Settings
from screening.workflow.finalise import expire_ai_waits, finalise_due

console = Console()
complaints = Console(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output instead of tables.")]


def settings_of(ctx: typer.Context) -> Settings:
    """The settings this invocation runs under."""
    current: Settings = ctx.obj
    return current


@contextmanager
def service_of(ctx: typer.Context) -> Iterator[Service]:
    """The service for one command, with elapsed windows and waits recorded first."""
    with open_service(settings_of(ctx)) as service:
        housekeep(service)
        yield service


def housekeep(service: Service) -> None:
    """Record correction windows and AI waits that have elapsed."""
    with service.units() as uow:
        finalise_due(uow, service.clock)
        expire_ai_waits(uow, service.clock)


def emit(value: object, as_json: bool, shown: RenderableType) -> None:
    """Print the value as JSON, or what a person wants to see; plain text is never read as markup."""
    if as_json:
        console.file.write(json.dumps(to_plain(value), indent=2, ensure_ascii=False) + "\n")
    elif isinstance(shown, str):
        console.print(shown, markup=False, highlight=False, soft_wrap=True)
    else:
        console.print(shown)


def to_plain(value: object) -> object:
    """Domain values, and lists and dictionaries of them, as JSON data."""
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return to_data(value)


def progress_bar(hidden: bool = False) -> Progress:
    """A progress bar with counts and elapsed time, on standard error."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=complaints, disable=hidden, transient=False)

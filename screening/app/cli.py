"""The command line: `secondread`. Errors leave as one coded line and a documented exit code."""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from screening.app.commands import (
    audit,
    backup,
    commission,
    demo,
    export,
    follow_up,
    health,
    intake,
    operation,
    phantom,
    reading,
    rescore,
    results,
    score,
)
from screening.app.compose import VERSION
from screening.app.exit_codes import ExitCode, exit_code
from screening.app.logging import configure_logging
from screening.app.settings import settings
from screening.app.terminal import complaints, console
from screening.domain.errors import SecondReadError

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
    help="""Second Read: double reading of screening mammography.

An AI second reader, arbitration under the programme's policy, structured BI-RADS reports, recall audit.
The shipped model is trained on phantoms and is not for clinical use.

Exit codes: 0 done; 1 nothing usable, or something parked; 2 wrong usage; others name a coded error
(docs/generated/cli.md).
""",
)


def _version(wanted: bool) -> None:
    if wanted:
        console.print(VERSION)
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of the embedded database and files; goes before the command.")
    ] = None,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")] = False,
) -> None:
    """Settings come from SECONDREAD_ variables (docs/generated/settings.md); options go before them."""
    current = settings()
    ctx.obj = current.model_copy(update={"data_dir": data_dir}) if data_dir else current
    configure_logging(current.log_level)


EXAMS, READING, RESULTS, FOLLOW_UP, RUNNING = "Exams", "Reading", "Results", "Follow-up", "Running"
for panel, commands in {
    EXAMS: (score.score, intake.ingest, intake.work, intake.attention),
    READING: (reading.worklist, reading.show, reading.read, reading.finalise, reading.arbitrate),
    RESULTS: (results.release, results.report, audit.audit, export.export_research, rescore.rescore),
    FOLLOW_UP: (
        follow_up.hold,
        follow_up.resume,
        follow_up.withdraw,
        follow_up.withdraw_read,
        follow_up.late_images,
        follow_up.assess,
    ),
    RUNNING: (
        operation.serve,
        operation.listen,
        operation.worker,
        health.health,
        backup.backup,
        backup.restore,
        operation.policies,
        commission.commission,
        demo.demo,
        phantom.phantom,
    ),
}.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)
app.command(rich_help_panel=FOLLOW_UP)(follow_up.assess)
app.command(rich_help_panel=FOLLOW_UP)(follow_up.interval_cancer)
app.command("object", rich_help_panel=FOLLOW_UP)(follow_up.object_to)
app.add_typer(operation.ledger, name="ledger", rich_help_panel=RUNNING)


def main() -> None:
    """Run the command line; an error is one line on standard error, a code and an exit status."""
    try:
        app()
    except SecondReadError as error:
        complaints.print(f"[bold red]{error.code}[/]: {escape(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(exit_code(error))
    except Exception as error:  # noqa: BLE001  # the last border: what nobody foresaw ends as a code, not as its text
        _tell_unforeseen(error)
        sys.exit(ExitCode.INTERNAL)


def _tell_unforeseen(error: Exception) -> None:
    """Name the kind of failure only: its text may hold a woman's name. DEBUG shows everything."""
    complaints.print(f"[bold red]{SecondReadError.code}[/]: {type(error).__name__}", highlight=False)
    if _debugging():
        traceback.print_exception(error)


def _debugging() -> bool:
    """Whether SECONDREAD_LOG_LEVEL is DEBUG."""
    return logging.getLogger().isEnabledFor(logging.DEBUG)

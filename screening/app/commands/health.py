"""`secondread health`: how the installation is, by what went through it."""

from __future__ import annotations

import typer
from rich.table import Table

from screening.app.compose import open_service
from screening.app.exit_codes import ExitCode
from screening.app.terminal import Json, emit, settings_of
from screening.workflow.check_up import Checkup


def health(ctx: typer.Context, json: Json = False) -> None:
    """Say what went through lately and what is wrong; exit status 1 when the service fails (docs/runbook.md)."""
    with open_service(settings_of(ctx)) as service:
        found = service.checkup()
    emit(found, json, _table(found))
    if found.failing:
        raise typer.Exit(ExitCode.NOTHING_USABLE)


def _table(found: Checkup) -> Table:
    table = Table("what", "now", title=f"status: {found.status}")
    for reason in found.reasons:
        table.add_row("fails", reason.value)
    for reason in found.warnings:
        table.add_row("warning", reason.value)
    table.add_row("disk free", f"{found.disk_free_mib} MiB")
    for state, count in found.jobs.items():
        table.add_row(f"jobs {state}", str(count))
    for traffic, steps in found.last.items():
        for step, at in vars(steps).items():
            table.add_row(f"{traffic}: last {step.removesuffix('_at')}", at.isoformat() if at else "never")
    return table

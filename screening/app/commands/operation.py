"""`secondread serve | listen | worker | ledger | policies`: running and inspecting an installation."""

from __future__ import annotations

import ipaddress
from typing import Annotated

import typer
from rich.table import Table

from screening.app.terminal import Json, complaints, emit, service_of, settings_of
from screening.domain.errors import Forbidden
from screening.workflow.policies import shipped_policies

ledger = typer.Typer(no_args_is_help=True, help="The hash-chained record of everything that was recorded.")


def serve(
    ctx: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Serve the JSON API, /docs, /health and /metrics, and do the durable jobs, until stopped.

    There is no log-in yet, so only addresses of this machine are accepted.
    """
    from screening.app.server import run_server

    settings = settings_of(ctx)
    address = host or settings.host
    if not _is_loopback(address):
        raise Forbidden("without log-in the service listens on this machine only; use 127.0.0.1")
    complaints.print(f"listening on http://{address}:{port or settings.port}/docs")
    run_server(settings, address, port or settings.port)


def listen(ctx: typer.Context) -> None:
    """Take exams in over DICOM (C-STORE, storage commitment), without doing any job, until stopped.

    On SIGTERM no new association is taken; open ones may end. Beyond this machine the port needs a list of partners
    (SECONDREAD_DICOM_PARTNERS).
    """
    from screening.app.processes import run_listener

    settings = settings_of(ctx)
    complaints.print(f"listening for DICOM as {settings.dicom_title} on {settings.dicom_host}:{settings.dicom_port}")
    run_listener(settings)


def worker(ctx: typer.Context) -> None:
    """Do durable jobs as they come, until stopped; any number of workers may run on one PostgreSQL database."""
    from screening.app.processes import run_worker

    run_worker(settings_of(ctx))


@ledger.command("verify")
def verify(ctx: typer.Context, json: Json = False) -> None:
    """Recompute the hash chain; says where it breaks. Exit code is that of `ledger_broken` when it does."""
    with service_of(ctx) as service, service.units() as uow:
        head = uow.ledger.verify()
    emit(head, json, f"intact: {head.sequence} entries, head {head.hash}")


def policies(json: Json = False) -> None:
    """List the reading policies that ship with this version."""
    shipped = shipped_policies()
    table = Table("policy", "version", "title", "human reads", "AI")
    for policy in shipped.values():
        ai = policy.ai.flag_action.value if policy.ai.takes_part else "takes no part"
        table.add_row(policy.id, policy.version, policy.title, str(policy.human_reads), ai)
    rows = [{"id": p.id, "version": p.version, "title": p.title, "digest": p.digest} for p in shipped.values()]
    emit(rows, json, table)


def _is_loopback(address: str) -> bool:
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False

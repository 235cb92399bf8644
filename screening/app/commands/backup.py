"""`secondread backup | restore`: everything an installation keeps, to a folder and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from screening.app.backup import back_up
from screening.app.backup import restore as bring_back
from screening.app.terminal import Json, emit, settings_of


def backup(
    ctx: typer.Context,
    out: Annotated[Path, typer.Argument(help="Backup folder; a later run adds a snapshot and copies only new files.")],
    link: Annotated[bool, typer.Option(help="Share files with the store where the disk is the same.")] = False,
    json: Json = False,
) -> None:
    """Copy database and files while the service runs, with a manifest of digests and the end of the ledger.

    PostgreSQL needs its client programs (pg_dump). Certificates, partner lists and other settings are not in it.
    """
    made = back_up(settings_of(ctx), out, link)
    emit(made, json, f"{made.snapshot}: {made.files} files, {made.copied} new; ledger ends at {made.ledger.sequence}")


def restore(
    ctx: typer.Context,
    source: Annotated[Path, typer.Argument(help="Backup folder (its latest snapshot), or one snapshot in it.")],
    json: Json = False,
) -> None:
    """Bring a backup back into an empty data folder and an empty database; every digest and the ledger are verified."""
    came = bring_back(settings_of(ctx), source)
    emit(came, json, f"{came.files} files; the ledger is intact and ends at {came.ledger.sequence}")

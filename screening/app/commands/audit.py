"""`secondread audit`: recall, detection, arbitration and AI figures with their intervals."""

from __future__ import annotations

import json as json_format
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from screening.app.output import write_text
from screening.app.terminal import Json, console, service_of


class Form(StrEnum):
    """Forms of the audit."""

    TEXT = "text"
    HTML = "html"
    CSV = "csv"


def audit(
    ctx: typer.Context,
    form: Annotated[Form, typer.Option("--format", "-f", help="Text, a self-contained page, or CSV.")] = Form.TEXT,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write to this file instead.")] = None,
    minimum_cell: Annotated[int, typer.Option(min=0, help="Hide cells that rest on fewer cases.")] = 10,
    json: Json = False,
) -> None:
    """Audit every case of the store: recall, detection, discordance, arbitration and AI, with Wilson intervals.

    Definitions are data (docs/generated/kpis.md); rows that cannot be true are listed, not counted.
    """
    from audits.page import to_html
    from audits.report import to_csv
    from audits.text import to_text
    from screening.app.auditing import audit_report

    with service_of(ctx) as service, service.units() as uow:
        report = audit_report(uow.audit.episode_rows(), service.clock.now().date(), minimum_cell)
    if json:
        text = json_format.dumps({"notice": report.notice, "kpis": report.table.to_dicts()}, indent=2)
    else:
        text = {Form.TEXT: to_text, Form.HTML: to_html, Form.CSV: to_csv}[form](report)
    if out is not None:
        write_text(out, text)
    else:
        console.file.write(text + "\n")

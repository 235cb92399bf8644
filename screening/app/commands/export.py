"""`secondread export-research`: objects and tables without identity, for research."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from screening.app.terminal import Json, emit, progress_bar, service_of
from screening.domain.errors import InvalidInput
from screening.workflow.research_export import Treatment


def export_research(
    ctx: typer.Context,
    out: Annotated[Path, typer.Argument(help="Folder: new, empty, or an earlier export.", metavar="OUT")],
    leave_out_declared: Annotated[
        bool, typer.Option(help="Leave out images whose header states burned-in text, also when it can be masked.")
    ] = False,
    json: Json = False,
) -> None:
    """Export pseudonymised DICOM objects and tables of every woman who did not object to research.

    PS3.15 Annex E Basic Profile with the options that the report names; dates of a woman move by one number of days.
    The secret behind pseudonyms stays in the data folder. Run it again to go on, or to take out who objected since.
    docs/research-export.md says what is left and what is not looked for.
    """
    from screening.app.research import ResearchExport, research_objections
    from screening.app.research_report import as_json
    from screening.app.research_secret import research_secret
    from screening.dicom.deidentify.deidentifier import DicomDeidentifier
    from screening.workflow.pseudonyms import Pseudonyms

    with service_of(ctx) as service, research_objections(service.settings) as objections, progress_bar(json) as bar:
        data_dir = service.settings.data_dir.resolve()
        if out.resolve().is_relative_to(data_dir):
            raise InvalidInput("the export must not lie in the data folder, where the secret is")
        pseudonyms = Pseudonyms(research_secret(data_dir))
        export = ResearchExport(out, service.files, pseudonyms, DicomDeidentifier(pseudonyms, leave_out_declared))
        task = bar.add_task("removing identities", total=None)
        report = export.run(
            service.units,
            objections,
            begun=lambda total: bar.update(task, total=total),
            done=lambda: bar.advance(task),
        )
    counts = ", ".join(f"{report.count(kind)} {kind.value.replace('_', ' ')}" for kind in Treatment)
    told = f"{report.women} women, {report.cases} cases; objects: {counts}\n{out.name}/report.md says what was removed"
    emit(as_json(report), False, as_json(report) if json else told)

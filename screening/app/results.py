"""Write what a case produced into a folder a person can open: FHIR, narratives, CAD SR, contact sheet, AI read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from screening.app import compose
from screening.app.compose import Service
from screening.app.documents import to_json
from screening.app.pictures import pictures_of
from screening.dicom.contact_sheet import render_contact_sheet
from screening.domain.identifiers import CaseId
from screening.domain.report import Language
from screening.workflow.recorded_case import load


def write_results(service: Service, cases: Iterable[CaseId], out: Path, done: Callable[[], None]) -> None:
    """One folder per case; writing again gives the same files."""
    for case in cases:
        folder = out / case
        folder.mkdir(parents=True, exist_ok=True)
        _write_ai_read(service, case, folder)
        _write_report(service, case, folder)
        done()


def _write_ai_read(service: Service, case: CaseId, folder: Path) -> None:
    with service.units() as uow:
        facts = load(uow, case).facts
        run = facts.ai.run if facts.ai is not None else None
        if run is None or facts.opened is None or facts.ai_at is None:
            return
        read = uow.ai_reads.get(run)
        study = uow.exams.study(facts.opened.study)
    (folder / "ai-read.json").write_text(to_json(read), encoding="utf-8")
    compose.cad_sr_writer().write(study, read, facts.ai_at, folder / "cad-sr.dcm")
    sheet = render_contact_sheet(study, read, pictures_of(study, read, compose.pixel_source(service.files)))
    (folder / "contact-sheet.png").write_bytes(sheet)


def _write_report(service: Service, case: CaseId, folder: Path) -> None:
    with service.units() as uow:
        report = uow.reports.latest(case)
    if report is None:
        return
    writer = compose.report_writer()
    (folder / "report.fhir.json").write_bytes(writer.bundle(report))
    for language in Language:
        text = writer.narrative(report, language)
        (folder / f"report.{language.value}.txt").write_text(text, encoding="utf-8")

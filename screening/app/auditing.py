"""Build and write the recall audit from the store or from a simulated round."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from audits.frames import to_frame, write_parquet
from audits.page import to_html
from audits.performance import Options
from audits.report import AuditReport, build, to_csv
from audits.text import to_text
from screening.domain.episode import EpisodeRow

AI_NOTICE = "AI reads come from a phantom-trained model and are not for clinical use."


def audit_report(rows: Iterable[EpisodeRow], made_on: date, minimum_cell: int = 10) -> AuditReport:
    """The audit of these rows; cells that rest on fewer than `minimum_cell` cases are hidden."""
    return build(to_frame(rows), made_on, notice=AI_NOTICE, options=Options(minimum_cell=minimum_cell))


def write_audit(rows: Iterable[EpisodeRow], made_on: date, out: Path, notice: str, title: str) -> Path:
    """Write the audit as HTML, text and CSV, with the rows as Parquet; returns the page."""
    out.mkdir(parents=True, exist_ok=True)
    frame = to_frame(rows)
    report = build(frame, made_on, notice=notice, title=title)
    write_parquet(frame, out / "episodes.parquet")
    (out / "audit.csv").write_text(to_csv(report), encoding="utf-8")
    (out / "audit.txt").write_text(to_text(report), encoding="utf-8")
    page = out / "audit.html"
    page.write_text(to_html(report), encoding="utf-8")
    return page

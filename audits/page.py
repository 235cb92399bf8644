"""The audit as one HTML file that needs nothing else: no script, no font, no image, no request to anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from itertools import groupby

import polars as pl

from audits import charts
from audits.definitions import Kpi
from audits.figures import SUPPRESSED, Figure, figure
from audits.flow import COLUMNS
from audits.report import AuditReport
from audits.splits import ALL

KEY_FIGURES = (
    "recall_rate",
    "cancer_detection_rate",
    "ppv1",
    "programme_sensitivity",
    "discordance_rate",
    "arbitration_rate",
)
"""KPIs shown large at the top."""

SPLIT_KPIS = {
    "recall_rate": "Recall",
    "technical_recall_rate": "Technical recall",
    "cancer_detection_rate": "Cancer detection",
    "ppv1": "PPV1",
    "interval_cancer_rate": "Interval cancers",
    "discordance_rate": "Discordance",
    "arbitration_rate": "Arbitration",
    "ai_positive_rate": "AI positive",
    "ai_refusal_rate": "AI refusal",
}
"""KPIs shown per part of the programme, with their short headings."""

SPLIT_TITLES = {
    "round": "First and subsequent rounds",
    "unit": "Screening units",
    "device": "Devices (manufacturer / model / software)",
    "ai": "AI version / calibration",
    "age": "Age bands",
    "density": "Breast density",
    "implant": "Implants",
    "policy": "Reading policies",
}


def to_html(report: AuditReport) -> str:
    """The report as a complete HTML document, UTF-8."""
    style = files("audits").joinpath("report.css").read_text(encoding="utf-8")
    body = "".join(
        (
            _header(report),
            '<main id="main">',
            _key_figures(report),
            _section("kpis", "Key performance indicators", _kpi_table(report)),
            _section("units", "Recall by unit", _unit_charts(report)),
            _section("arbitration", "Who flagged, and what became of it", _arbitration(report)),
            _section("ai", "AI exam scores", _scores(report)),
            _section("parts", "Parts of the programme", _parts(report)),
            _section("integrity", "Integrity of the data", _integrity(report)),
            _section("methods", "Definitions and methods", _methods(report)),
            "</main>",
        )
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(report.title)}</title><style>{style}</style></head><body>{body}</body></html>\n"
    )


def table(caption: str, header: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    """An accessible table; cells are HTML already, the first of each row is its header."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>' for row in rows
    )
    shown = f' class="{kind}"' if kind else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption, quote=True)}">'
        f"<table{shown}><caption>{escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _section(name: str, title: str, content: str) -> str:
    return f'<section aria-labelledby="{name}"><h2 id="{name}">{escape(title)}</h2>{content}</section>'


def _header(report: AuditReport) -> str:
    scope = report.scope
    facts = (
        ("Cases", f"{scope.cases:,}"),
        ("Screened", scope.period),
        ("Policy", ", ".join(scope.policies) or "none"),
        ("AI reader", ", ".join(scope.ai_products) or "none"),
        ("Report made", str(report.made_on)),
    )
    told = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in facts)
    notice = (
        f'<p class="notice" role="note"><strong>Notice</strong> {escape(report.notice)}</p>' if report.notice else ""
    )
    return (
        '<a class="skip" href="#main">Skip to the figures</a>'
        f'<header><p class="brand">Second Read</p><h1>{escape(report.title)}</h1><dl>{told}</dl></header>{notice}'
    )


def _key_figures(report: AuditReport) -> str:
    tiles = []
    for kpi in (kpi for name in KEY_FIGURES for kpi in report.kpis if kpi.id == name):
        for row in report.rows(kpi.id).iter_rows(named=True):
            cell = figure(row)
            level = f"<p>Reference {escape(kpi.level.text)}</p>" if kpi.level is not None else ""
            tiles.append(
                f'<li><h3>{escape(kpi.en)}</h3><p class="value">{_marked(cell)}</p>'
                f"<p>{_basis(report, cell)}</p>{level}</li>"
            )
    return f'<ul class="tiles" aria-label="Key figures">{"".join(tiles)}</ul>'


def _basis(report: AuditReport, cell: Figure) -> str:
    """On what a key figure rests."""
    if cell.value == SUPPRESSED:
        return f"fewer than {report.options.minimum_cell} cases"
    return f"{cell.interval} · {cell.counts}"


def _marked(cell: Figure) -> str:
    if cell.value == SUPPRESSED:
        return '<span class="hidden" title="too few rows">n &lt; min</span>'
    mark = '<abbr title="low numerator">*</abbr>' if cell.mark else ""
    return escape(cell.value) + mark


def _kpi_table(report: AuditReport) -> str:
    parts = []
    for group, kpis in groupby(report.kpis, key=lambda kpi: kpi.group):
        rows = [line for kpi in kpis for line in _kpi_lines(report, kpi)]
        parts.append(table(group, ("KPI", "Counts", "Value", "95 % interval", "Reference"), rows, "kpis"))
    return "".join(parts) + _foot(report)


def _kpi_lines(report: AuditReport, kpi: Kpi) -> Iterable[tuple[str, ...]]:
    for row in report.rows(kpi.id, ALL).iter_rows(named=True):
        cell = figure(row)
        part = row["breakdown"]
        name = f'<span class="part">{escape(part.replace("_", " "))}</span>' if part else escape(kpi.en)
        level = escape(kpi.level.text) if kpi.level is not None and not part else ""
        yield name, escape(cell.counts), _marked(cell), cell.interval, level


def _foot(report: AuditReport) -> str:
    options = report.options
    return (
        f'<p class="foot">* fewer than {options.low_numerator} in the numerator: read with the interval. '
        f"Intervals are {options.confidence:.0%}: Wilson for shares, normal for means. "
        f"Cells that rest on fewer than {options.minimum_cell} cases are hidden.</p>"
    )


def _unit_charts(report: AuditReport) -> str:
    rates, whole = report.rows("recall_rate", "unit"), report.value("recall_rate")
    pictures = (
        (charts.interval_chart(rates, whole), "Recall rate with 95 % Wilson interval; the line is the programme."),
        (charts.funnel_chart(rates, whole), "Funnel plot: dashed 95 %, solid 99.8 % limits around the programme rate."),
    )
    return _figures(pictures)


def _figures(pictures: Iterable[tuple[str, str]]) -> str:
    shown = [
        f"<figure>{picture}<figcaption>{escape(told)}</figcaption></figure>" for picture, told in pictures if picture
    ]
    return f'<div class="figures">{"".join(shown)}</div>' if shown else "<p>Too few cases to draw.</p>"


def _arbitration(report: AuditReport) -> str:
    rows = [[escape(_origin(str(row[0]))), *(f"{count:,}" for count in row[1:])] for row in report.flow.iter_rows()]
    told = (
        '<p class="foot">Flagged and then called routine is a named cohort: its interval cancers are counted for ever. '
        "R1 and R2 are the blind human reads, AI the exam score at or above the threshold of the policy.</p>"
    )
    drawn = _figures([(charts.flow_chart(report.flow), "Share of each kind of flag by outcome.")])
    return table("Flags by origin and outcome", list(COLUMNS.values()), rows, "counts") + told + drawn


def _origin(origin: str) -> str:
    return "nobody" if origin == "none" else origin.replace("+", " + ")


def _scores(report: AuditReport) -> str:
    if report.scores["exams"].sum() == 0:
        return "<p>No usable AI read in these cases.</p>"
    rows = [[str(row[0]), *(f"{count:,}" for count in row[1:])] for row in report.scores.iter_rows()]
    drawn = _figures(
        [(charts.score_chart(report.scores), "Exams per score; the figure above a bar counts its cancers.")]
    )
    header = ("Score", "Exams", "Cancers detected", "Interval cancers")
    counted = table("Exams and known cancers per exam score", header, rows, "counts")
    return f'<div class="beside">{drawn}{counted}</div>'


def _parts(report: AuditReport) -> str:
    shown = [kpi.id for kpi in report.kpis if kpi.id in SPLIT_KPIS]
    header = ("Part", *(SPLIT_KPIS[kpi] for kpi in shown))
    return "".join(
        table(SPLIT_TITLES.get(name, name), header, _part_rows(report, name, shown), "parts") for name in report.splits
    )


def _part_rows(report: AuditReport, name: str, kpis: Sequence[str]) -> list[list[str]]:
    """One row per label of a split; each cell a value over its interval."""
    of_split = report.table.filter((pl.col("split") == name) & pl.col("breakdown").is_null())
    cells = {(row["level"], row["kpi"]): figure(row) for row in of_split.iter_rows(named=True)}
    levels = dict.fromkeys(level for level, _ in cells)
    return [[escape(level), *(_small(cells[level, kpi]) for kpi in kpis)] for level in levels]


def _small(cell: Figure) -> str:
    return f"{_marked(cell)}<small>{cell.interval}</small>"


def _integrity(report: AuditReport) -> str:
    if report.problems.is_empty():
        return f"<p>All {report.scope.cases:,} rows can be true; every rule of the integrity check holds.</p>"
    rows = [[escape(str(rule)), escape(str(case))] for rule, case in report.problems.iter_rows()]
    told = f"<p>{report.scope.left_out:,} rows cannot be true and are not counted anywhere above.</p>"
    return told + table("Impossible rows", ("Rule broken", "Case"), rows)


def _methods(report: AuditReport) -> str:
    rows = [
        (escape(kpi.en), f'<span lang="nl">{escape(kpi.nl)}</span>', escape(kpi.source), f"<code>{kpi.id}</code>")
        for kpi in report.kpis
    ]
    told = '<p class="foot">Figures in brackets are sections of the reference on reading and KPIs.</p>'
    return told + table("Definitions", ("KPI", "In Dutch", "Formula and source", "Id"), rows, "words")

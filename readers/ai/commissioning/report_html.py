"""The report as one HTML file: no script, no request, figures inline."""

from __future__ import annotations

from html import escape
from typing import Final

from readers.ai.commissioning.plots import Plot, to_svg
from readers.ai.commissioning.report import Report, Section

STYLE: Final = (
    "body{font:14px/1.4 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;margin:.5rem 0 1.5rem}"
    "td,th{border:1px solid #ccc;padding:.25rem .6rem;text-align:left;vertical-align:top}"
    ".verdict{font-size:1.1rem;font-weight:bold}.warning{color:#a4243b;font-weight:bold}"
    "figure{display:inline-block;margin:.5rem;max-width:300px}figcaption{font-size:.8rem}"
)


def to_html(report: Report) -> bytes:
    """The report as UTF-8 HTML5."""
    title = escape(report.title)
    head = f'<meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    warnings = "".join(f'<p class="warning">{escape(text)}</p>' for text in report.warnings)
    top = f'<h1>{title}</h1>{warnings}<p class="verdict">{escape(report.verdict)}</p>'
    body = top + "".join(map(_section, report.sections)) + "<h2>Figures</h2>" + "".join(map(_figure, report.plots))
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body><main>{body}</main></body></html>\n'.encode()


def _section(section: Section) -> str:
    rows = list(section.rows)
    head = _row(rows.pop(0), 'th scope="col"') if section.headed else ""
    cells = "".join(_row(row, "td") for row in rows)
    return f"<h2>{escape(section.title)}</h2><table>{head}{cells}</table>"


def _row(cells: tuple[str, ...], tag: str) -> str:
    name = tag.split()[0]
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{name}>" for cell in cells) + "</tr>"


def _figure(plot: Plot) -> str:
    return f"<figure>{to_svg(plot)}<figcaption>{escape(plot.description)}</figcaption></figure>"

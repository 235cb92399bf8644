"""The report as PDF (ReportLab), with the same words and figures as the HTML; the same report gives the same bytes."""

from __future__ import annotations

import io
from html import escape
from typing import Final

from reportlab.graphics.shapes import Drawing, PolyLine, Rect, String
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from readers.ai.commissioning.plots import HEIGHT, WIDTH, Box, Plot, Shape, Stroke
from readers.ai.commissioning.report import Report, Section

_GRID: Final = TableStyle([("GRID", (0, 0), (-1, -1), 0.3, HexColor("#cccccc")), ("VALIGN", (0, 0), (-1, -1), "TOP")])
_TEXT_WIDTH: Final = 470.0


def to_pdf(report: Report) -> bytes:
    """The report as PDF, A4."""
    styles = getSampleStyleSheet()
    story: list[Flowable] = [Paragraph(escape(report.title), styles["Title"])]
    story += [Paragraph(f'<font color="#a4243b">{escape(text)}</font>', styles["Heading3"]) for text in report.warnings]
    story.append(Paragraph(escape(report.verdict), styles["Heading3"]))
    for section in report.sections:
        story += [Paragraph(escape(section.title), styles["Heading2"]), _table(section), Spacer(1, 6)]
    for plot in report.plots:
        story += [_drawing(plot), Paragraph(escape(plot.description), styles["BodyText"])]
    buffer = io.BytesIO()
    SimpleDocTemplate(buffer, pagesize=A4, title=report.title, author="Second Read", invariant=1).build(story)
    return buffer.getvalue()


def _table(section: Section) -> Table:
    style = getSampleStyleSheet()["BodyText"]
    style.fontSize, style.leading = 8, 10
    style.splitLongWords, style.wordWrap = 1, "CJK"
    cells = [[Paragraph(escape(cell), style) for cell in row] for row in section.rows]
    columns = len(section.rows[0])
    widths = [170.0, *[(_TEXT_WIDTH - 170.0) / (columns - 1)] * (columns - 1)]
    return Table(cells, widths, style=_GRID, repeatRows=int(section.headed))


def _drawing(plot: Plot) -> Drawing:
    drawing = Drawing(WIDTH, HEIGHT)
    for shape in plot.shapes:
        drawing.add(_shape(shape))
    return drawing


def _shape(shape: Shape) -> PolyLine | Rect | String:
    """A shape with the origin moved to the lower left, as PDF has it."""
    if isinstance(shape, Stroke):
        points = [value for x, y in shape.points for value in (x, HEIGHT - y)]
        return PolyLine(points, strokeColor=HexColor(shape.colour), strokeDashArray=[3, 3] if shape.dashed else None)
    if isinstance(shape, Box):
        (x, y), (wide, high) = shape.corner, shape.size
        return Rect(x, HEIGHT - y - high, wide, high, fillColor=HexColor(shape.colour), strokeColor=None)
    x, y = shape.at
    return String(x, HEIGHT - y, shape.text, fontSize=8, textAnchor=shape.anchor, fillColor=HexColor(shape.colour))

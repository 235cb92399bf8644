"""The audit as plain text for a terminal or a log book: fixed columns, no colour, no library."""

from __future__ import annotations

from collections.abc import Sequence

from audits.figures import figure
from audits.flow import COLUMNS
from audits.report import AuditReport
from audits.splits import ALL

FOOT = "* fewer than {low} in the numerator; intervals are {confidence:.0%} (Wilson); parts under {cell} are hidden"


def to_text(report: AuditReport) -> str:
    """The report as text, lines of at most about 120 characters."""
    scope = report.scope
    head = [report.title, "=" * len(report.title)]
    if report.notice:
        head.append(f"NOTICE: {report.notice}")
    head += [
        f"{scope.cases:,} cases, {scope.period}; {scope.left_out} left out as impossible",
        f"policy {', '.join(scope.policies) or 'none'}; AI {', '.join(scope.ai_products) or 'none'}",
    ]
    options = report.options
    foot = FOOT.format(low=options.low_numerator, confidence=options.confidence, cell=options.minimum_cell)
    blocks = ["\n".join(head), _kpis(report), _flow(report), *_problems(report), foot]
    return "\n\n".join(blocks) + "\n"


def aligned(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A plain table: first column left, the others right, a rule under the header.

    >>> print(aligned(["a", "b"], [["x", "10"]]))
    a   b
    -  --
    x  10
    """
    widths = [max(len(line[place]) for line in (header, *rows)) for place in range(len(header))]

    def told(line: Sequence[str]) -> str:
        cells = (
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        return "  ".join(cells).rstrip()

    return "\n".join([told(header), "  ".join("-" * width for width in widths), *(told(row) for row in rows)])


def _kpis(report: AuditReport) -> str:
    rows = []
    for kpi in report.kpis:
        for row in report.rows(kpi.id, ALL).iter_rows(named=True):
            cell = figure(row)
            name = kpi.en if row["breakdown"] is None else f"  {row['breakdown']}"
            level = kpi.level.text if kpi.level is not None and row["breakdown"] is None else ""
            rows.append([name, cell.counts, cell.value + cell.mark, cell.interval, level])
    return aligned(["KPI", "counts", "value", "interval", "reference"], rows)


def _flow(report: AuditReport) -> str:
    rows = [[str(cell) for cell in row] for row in report.flow.iter_rows()]
    return "Who flagged, and what became of it\n" + aligned(list(COLUMNS.values()), rows)


def _problems(report: AuditReport) -> list[str]:
    if report.problems.is_empty():
        return []
    rows = [[str(rule), str(case)] for rule, case in report.problems.iter_rows()]
    return ["Impossible rows, not counted\n" + aligned(["rule", "case"], rows)]

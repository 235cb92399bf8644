"""The rescoring report as Markdown, which also reads well in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from audits.rescoring import SCORES, Change, RescoringReport, Shift

_NONE: Final = "–"


def to_markdown(report: RescoringReport) -> str:
    """The report; the notice stands above every figure."""
    before = ", ".join(report.old_products) or "nothing"
    blocks = [
        f"# {report.title}",
        f"**{report.notice}**",
        f"Run {report.run}; compared with {before}. One version is compared with another, not with the truth.",
        _section("Coverage", ["exams", "count"], [[name.replace("_", " "), n] for name, n in report.coverage.items()]),
        _section("Status", ["status", "old", "new"], [list(row) for row in report.statuses]),
        _section("Reasons of refusals", ["reason", "old", "new"], [list(row) for row in report.refusals]),
        *(block for shift in report.shifts for block in _shift(shift)),
        _runtime(report),
    ]
    return "\n\n".join(blocks) + "\n"


def _section(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    return f"## {title}\n\n" + (table(header, rows) if rows else "none")


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    r"""A Markdown table, aligned for eyes too; a bar within a cell is escaped.

    >>> print(table(["a", "b"], [["x|y", 10]]))
    | a    |  b |
    | ---- | -: |
    | x\|y | 10 |
    """
    cells = [list(header), *([str(cell).replace("|", "\\|") for cell in row] for row in rows)]
    widths = [max(2, *(len(line[place]) for line in cells)) for place in range(len(header))]
    rule = ["-" * width if place == 0 else "-" * (width - 1) + ":" for place, width in enumerate(widths)]
    return "\n".join(_line(line, widths) for line in (cells[0], rule, *cells[1:]))


def _line(line: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.rjust(width) if place else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(line, widths, strict=True))
    )
    return f"| {' | '.join([first, *others])} |"


def _shift(shift: Shift) -> list[str]:
    """Shift table and flag changes of one stratum; scores that nobody got are left out."""
    used = [n for n in range(SCORES.stop) if any(shift.counts[n]) or any(row[n] for row in shift.counts)]
    header = ["old \\ new", *(_score(n) for n in used)]
    rows = [[_score(old), *(shift.counts[old][new] or "." for new in used)] for old in used]
    flags = [
        ["newly flagged, of those not flagged before", *_told(shift.newly_flagged)],
        ["no longer flagged, of those flagged before", *_told(shift.no_longer_flagged)],
        ["differing, of all that both read", *_told(shift.differing)],
    ]
    title = f"Scores, stratum {shift.stratum}: {shift.exams} exams, {shift.both_read} read by both"
    changes = table(["flag", "count", "share", "95 % interval (exact)"], flags)
    return [_section(title, header, rows), changes]


def _score(number: int) -> str:
    return str(number) if number else "none"


def _told(change: Change) -> list[str]:
    if change.share is None or change.low is None or change.high is None:
        return ["0 / 0", _NONE, _NONE]
    interval = f"{100 * change.low:.2f} - {100 * change.high:.2f} %"
    return [f"{change.count} / {change.of}", f"{100 * change.share:.2f} %", interval]


def _runtime(report: RescoringReport) -> str:
    rows = [
        [f"{one.engine} {one.precision}", one.exams, f"{one.median_s:.3f}", f"{one.p95_s:.3f}", f"{one.total_s:.1f}"]
        for one in report.runtime
    ]
    return _section("Seconds per exam", ["engine", "exams", "median", "p95", "sum"], rows)

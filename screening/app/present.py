"""How results look in a terminal: tables by Rich, nothing decided here.

Whatever came from outside (names of files and jobs, ids, texts) is escaped: a bracket in it is a bracket.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from screening.app.scoring import ScoredExam, Unreadable
from screening.domain.ai_read import AiRead, AiStatus
from screening.domain.quality import TEXTS, Exclusion
from screening.store.jobs import ParkedJob
from screening.workflow.ports import CaseSummary

STATUS_STYLE = {AiStatus.OK: "bold green", AiStatus.UNCALIBRATED: "bold yellow"}


def exam_panel(exam: ScoredExam, names: Mapping[str, str]) -> Panel:
    """One exam: slots, reasons, the read."""
    read = exam.read
    parts: list[RenderableType] = [_status_line(read), _slots(read, names)]
    left_out = (*read.excluded, *read.warnings)
    if left_out:
        parts.append(_exclusions(left_out, names))
    if read.breasts:
        parts.append(_scores(read))
    if read.identity is not None:
        parts.append(Text(read.identity.label, style="italic"))
    note = "already scored" if exam.done_before else "results"
    parts.append(Text(f"{note}: {exam.folder}", style="dim"))
    return Panel(Group(*parts), title=f"exam {exam.folder.name.removeprefix('exam-')}", title_align="left")


def _status_line(read: AiRead) -> Text:
    line = Text("AI read: ")
    line.append(read.status.value, STATUS_STYLE.get(read.status, "bold red"))
    if read.exam_score is not None:
        line.append(f"   exam score {read.exam_score} of 10", "bold")
        line.append("   flagged" if read.flagged else "   not flagged")
    elif read.raw_score is not None:
        line.append(f"   raw score {read.raw_score:.3f}, not a read", "yellow")
    for reason in read.reasons:
        line.append(f"\n  {reason.value}: {TEXTS[reason]}")
    return line


def _slots(read: AiRead, names: Mapping[str, str]) -> Table:
    table = Table(title="Slots", title_justify="left", box=None, padding=(0, 2, 0, 0))
    table.add_column("slot")
    table.add_column("filled by")
    for fill in read.slots:
        uid = fill.sop_instance_uid
        table.add_row(fill.slot.value, escape(names.get(uid, uid)) if uid else Text("empty", style="yellow"))
    return table


def _exclusions(left_out: Sequence[Exclusion], names: Mapping[str, str]) -> Table:
    table = Table(title="Not used, or used with a warning", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for heading in ("object", "code", "reason"):
        table.add_column(heading)
    for item in left_out:
        name = names.get(item.sop_instance_uid, item.sop_instance_uid)
        table.add_row(escape(name), item.reason.value, escape(item.text))
    return table


def _scores(read: AiRead) -> Table:
    table = Table(title="Breasts and regions", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for heading in ("where", "type", "raw", "probability", "box in stored pixels"):
        table.add_column(heading)
    for breast in read.breasts:
        density = f"density {breast.density.value}" if breast.density else ""
        probability = f"{breast.probability:.4f}" if breast.probability is not None else "-"
        table.add_row(f"breast {breast.laterality.value}", density, f"{breast.raw_score:.3f}", probability, "")
    for region in read.regions[:8]:
        at = region.location
        box = f"{at.x0:.0f},{at.y0:.0f} - {at.x1:.0f},{at.y1:.0f}"
        table.add_row(f"  {region.slot.value}", region.type.value, f"{region.raw_score:.3f}", "-", box)
    return table


def print_unreadable(console: Console, files: Sequence[Unreadable]) -> None:
    """List files that are no DICOM."""
    for file in files:
        line = f"[yellow]{file.reason.value}[/] {escape(file.name)}: {TEXTS[file.reason]}"
        console.print(line, highlight=False, soft_wrap=True)


def parked_table(jobs: Sequence[ParkedJob]) -> Table:
    """Jobs that wait for a person."""
    table = Table("job", "reason", title="Parked jobs", title_justify="left")
    for job in jobs:
        table.add_row(escape(job.key), escape(job.reason))
    return table


def worklist_table(cases: Sequence[CaseSummary]) -> Table:
    """Cases, oldest first."""
    table = Table(title="Cases", title_justify="left")
    table.add_column("case", no_wrap=True)  # an id cut short is of no use to the next command
    table.add_column("state", no_wrap=True)
    for heading in ("policy", "opened"):
        table.add_column(heading, overflow="fold")
    for case in cases:
        policy = f"{case.policy_id}@{case.policy_version}"
        table.add_row(escape(case.case), case.state.value, escape(policy), f"{case.opened_at:%Y-%m-%d %H:%M}")
    return table

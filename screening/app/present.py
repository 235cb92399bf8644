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
from screening.domain.ai_read import AiRead, AiStatus, BreastScore, RegionEvidence
from screening.domain.quality import TEXTS, Exclusion
from screening.store.jobs import ParkedJob
from screening.workflow.ports import CaseSummary

MOST_MARKS = 8
"""Marks shown in a terminal, the most suspicious first; the JSON file has all."""

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
    if read.quality:
        parts.append(_quality(read, names))
    elif read.quality_words:
        parts.append(Text(f"Image quality: {read.quality_words}"))
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
    if read.prior_used:
        line.append(f"   compared with {len(read.prior_digests)} prior images", "dim")
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
    """Breasts, then the most suspicious marks with the evidence of each."""
    table = Table(title="Breasts and regions", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for heading in ("where", "type", "raw", "probability", "box in stored pixels", "evidence"):
        table.add_column(heading)
    for breast in read.breasts:
        density = f"density {breast.density.value}" if breast.density else ""
        probability = f"{breast.probability:.4f}" if breast.probability is not None else "-"
        where = f"breast {breast.laterality.value}"
        table.add_row(where, density, f"{breast.raw_score:.3f}", probability, "", breast_evidence(breast, read))
    told = read.explanation or (None,) * len(read.regions)
    for region, why in list(zip(read.regions, told, strict=False))[:MOST_MARKS]:
        at = region.location
        box = f"{at.x0:.0f},{at.y0:.0f} - {at.x1:.0f},{at.y1:.0f}" + (f" frame {at.frame}" if at.frame else "")
        evidence = mark_evidence(why) if why else ""
        kind = region.type.value if region.type else "region"
        table.add_row(f"  {region.slot.value}", kind, f"{region.raw_score:.3f}", "-", box, evidence)
    return table


def breast_evidence(breast: BreastScore, read: AiRead) -> str:
    """Whether this breast decided the exam, how far its views agree, and what changed since the prior."""
    said = ["decides the exam"] if len(read.breasts) > 1 and read.deciding is breast.laterality else []
    if breast.agreement is not None:
        said.append(f"views agree {breast.agreement:.0%}")
    if breast.change is not None:
        said.append(f"{breast.change:+.2f} since prior (logit)")
    return ", ".join(said)


def mark_evidence(why: RegionEvidence) -> str:
    """What the model said of a mark at each scale, which view agrees, and what changed since the prior.

    >>> from screening.domain.identifiers import SopInstanceUid
    >>> from screening.domain.opinion import ImageLocation
    >>> from screening.domain.study import Slot
    >>> location = ImageLocation(SopInstanceUid("1.2"), 0, 0, 1, 1)
    >>> mark_evidence(RegionEvidence(location, 0.4, 0.7, 0.5, (Slot.RMLO,), 0.25))
    'view 0.40, crop 0.70, 50% of evidence, agrees RMLO, +0.25 since prior'
    """
    said = [f"view {why.global_score:.2f}"]
    said += [f"crop {why.local_score:.2f}"] if why.local_score is not None else []
    said.append(f"{why.attention:.0%} of evidence")
    said += [f"agrees {', '.join(slot.value for slot in why.agrees)}"] if why.agrees else []
    said += [f"{why.change:+.2f} since prior"] if why.change is not None else []
    return ", ".join(said)


def _quality(read: AiRead, names: Mapping[str, str]) -> Table:
    """Notes for the radiographer."""
    table = Table(title="Image quality, no reason to refuse", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for heading in ("object", "code", "note", "measured"):
        table.add_column(heading)
    for note in read.quality_notes:
        name = names.get(note.sop_instance_uid, note.sop_instance_uid)
        table.add_row(escape(name), note.code.value, note.text, note.measured)
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

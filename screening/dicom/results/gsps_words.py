"""The words on a presentation state: short labels beside marks, and one note per image.

The note says for every image whether it was read, so that a picture without a mark is no picture that nobody read;
where the model's card carries a label ("not for clinical use"), the note does too. It names nobody.
"""

from __future__ import annotations

from typing import Final

from screening.dicom.cad_outcome import CadOutcome, no_read_reason
from screening.domain.ai_read import AiRead, Region
from screening.domain.identifiers import SopInstanceUid
from screening.domain.opinion import FindingType

LIKE: Final[dict[FindingType | None, str]] = {
    None: "region",
    FindingType.MASS: "mass-like",
    FindingType.CALCIFICATION: "calcification-like",
    FindingType.ARCHITECTURAL_DISTORTION: "distortion-like",
    FindingType.ASYMMETRY: "asymmetry-like",
    FindingType.FOCAL_ASYMMETRY: "focal asymmetry-like",
    FindingType.MASS_WITH_CALCIFICATION: "mass-like with calcification",
    FindingType.LYMPH_NODE: "lymph node-like",
    FindingType.SKIN_LESION: "skin lesion-like",
}
"""A mark looks like a lesion to a model; only a person calls it one."""

LINE_BREAK: Final = "\r\n"
"""Between lines of Unformatted Text Value (PS3.3 C.10.5.1.1)."""


def mark_label(read: AiRead, number: int, region: Region) -> str:
    """Number of the mark in the read, exam score and kind, as in "1: AI 7/10, mass-like"."""
    return f"{number}: AI {read.exam_score}/10, {LIKE[region.type]}"


def note(read: AiRead, outcome: CadOutcome, uid: SopInstanceUid) -> str:
    """What became of one image, and below it the label of the model, if it has one."""
    label = read.identity.label if read.identity else ""
    return LINE_BREAK.join(part for part in (_said(read, outcome, uid), label) if part)


def _said(read: AiRead, outcome: CadOutcome, uid: SopInstanceUid) -> str:
    if not read.usable:
        return f"AI: not a read ({read.status.value}): {no_read_reason(read)}"
    refused = next((refused.reason for refused in outcome.refused if refused.image.sop_instance_uid == uid), None)
    if refused is not None:
        return f"AI: this image was not read: {refused}"
    marks = [region for region in outcome.regions if region.location.sop_instance_uid == uid]
    flag = "flagged" if read.flagged else "not flagged"
    return f"AI {read.exam_score}/10, {flag}, {_marks(marks)}"


def _marks(marks: list[Region]) -> str:
    if not marks:
        return "no mark on this image"
    frames = sorted({region.location.frame for region in marks if region.location.frame is not None})
    on = f" on frame{'s' if len(frames) > 1 else ''} {', '.join(map(str, frames))}" if frames else ""
    return f"{len(marks)} mark{'s' if len(marks) > 1 else ''}{on}"

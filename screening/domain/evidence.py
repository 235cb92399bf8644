"""What the evidence of an AI read says, as short sentences for people; the numbers stay beside them.

Thresholds only choose words here; nothing is decided by them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from screening.domain.ai_read import AiRead, BreastScore, Region, RegionEvidence
from screening.domain.identifiers import SopInstanceUid
from screening.domain.study import Slot, View

AGREE_FROM: Final = 0.7
DISAGREE_BELOW: Final = 0.4
SAME_LOGIT: Final = 0.5
"""A breast whose logit moved less since the prior is called unchanged."""

SAME_SCORE: Final = 0.1
"""The same for the score at the place of one mark."""


def evidence_of(read: AiRead, region: Region) -> RegionEvidence | None:
    """The evidence of a region, None where the reader gives none."""
    pairs = zip(read.regions, read.explanation, strict=False)
    return next((evidence for marked, evidence in pairs if marked is region or marked == region), None)


def shown_marks(read: AiRead, uid: SopInstanceUid | None) -> dict[int, Region]:
    """Marks on an image (None: on none) by their number in the read (from 1), most suspicious first.

    A volume is shown by one frame, that of its most suspicious mark; marks on other frames are not among these.
    """
    numbered = enumerate(read.regions, start=1)
    found = {number: region for number, region in numbered if region.location.sop_instance_uid == uid}
    frame = next((region.location.frame for region in found.values()), None)
    return {number: region for number, region in found.items() if region.location.frame == frame}


def view_name(slot: Slot) -> str:
    """Side and view as on a film.

    >>> view_name(Slot.RMLO)
    'R MLO'
    """
    return f"{slot.laterality.value} {slot.view.value}"


def breast_sentences(breast: BreastScore) -> tuple[str, ...]:
    """Whether the two views of a breast tell the same (0..1), and how its logit changed since the prior."""
    said = []
    if breast.agreement is not None:
        said.append(f"{_agreement(breast.agreement)} ({breast.agreement:.2f})")
    if breast.change is not None:
        said.append(f"{_change(breast.change)} ({breast.change:+.1f})")
    return tuple(said)


def _agreement(value: float) -> str:
    if value >= AGREE_FROM:
        return "CC and MLO agree"
    return "CC and MLO disagree" if value < DISAGREE_BELOW else "CC and MLO agree in part"


def _change(logit: float) -> str:
    if abs(logit) < SAME_LOGIT:
        return "as in the prior"
    return "more suspicious than the prior" if logit > 0 else "less suspicious than the prior"


def region_sentences(region: Region, evidence: RegionEvidence) -> tuple[str, ...]:
    """Which views show it, how the whole view and the close look judge it, and what changed at its place."""
    said = [_seen(region, evidence.agrees), f"{100 * evidence.attention:.0f} % of the evidence in this view"]
    close = "" if evidence.local_score is None else f", close look {100 * evidence.local_score:.0f} %"
    said.append(f"whole view {100 * evidence.global_score:.0f} %{close}")
    if evidence.change is not None:
        said.append(_here(evidence.change))
    return tuple(said)


def _seen(region: Region, agrees: Sequence[Slot]) -> str:
    if agrees:
        return f"also marked in {', '.join(map(view_name, agrees))}"
    other = Slot(f"{region.laterality.value}{(View.MLO if region.slot.view is View.CC else View.CC).value}")
    return f"not marked in {view_name(other)}"


def _here(change: float) -> str:
    points = f"{100 * change:+.0f} points"
    if abs(change) < SAME_SCORE:
        return f"unchanged here since the prior ({points})"
    return f"{'new or grown' if change > 0 else 'less marked'} since the prior ({points})"

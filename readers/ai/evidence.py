"""Why a region was marked: what the model said at each scale, which view agrees, and what the prior showed there.

A lesion keeps its distance from the nipple from one view of a breast to the other, more or less: compression moves it.
Agreement is a hint for a person who judges a mark; no score is changed by it. Change compares whole view with whole
view: of the prior nobody took a close look, and a mark that only the close look made sure of is not new for that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from readers.ai.compose import Mark, Point, Scored, location_of
from screening.domain.ai_read import RegionEvidence
from screening.domain.study import Slot

SAME_DEPTH_MM = 15.0
"""Two marks of one breast agree when their distances from the nipple differ by less."""

SAME_PLACE_MM = 10.0
"""A prior's saliency counts within this distance of the mark's place relative to the nipple."""


def explain(marks: Sequence[Mark], priors: Mapping[Slot, Scored]) -> tuple[RegionEvidence, ...]:
    """The evidence of every mark, same order. `priors` are the views of the prior exam, by slot."""
    return tuple(_evidence(mark, marks, priors.get(mark[0].slot)) for mark in marks)


def _evidence(mark: Mark, marks: Sequence[Mark], prior: Scored | None) -> RegionEvidence:
    region = mark[1]
    before = prior_score(mark, prior) if prior is not None else None
    return RegionEvidence(
        location=location_of(mark),
        global_score=region.global_score,
        local_score=region.local_score,
        attention=region.attention,
        agrees=agreeing(mark, marks),
        change=None if before is None else region.global_score - before,
    )


def agreeing(mark: Mark, marks: Sequence[Mark]) -> tuple[Slot, ...]:
    """Other slots of the same breast with a mark as far from the nipple."""
    here, slot = nipple_distance_mm(mark), mark[0].slot
    found = {
        other[0].slot
        for other in marks
        if other[0].slot.laterality is slot.laterality
        and other[0].slot is not slot
        and here is not None
        and (there := nipple_distance_mm(other)) is not None
        and abs(here - there) < SAME_DEPTH_MM
    }
    return tuple(slot for slot in Slot if slot in found)


def nipple_distance_mm(mark: Mark) -> float | None:
    """Distance of the mark's centre from the nipple in mm; None when no nipple was found."""
    offset = _offset_mm(mark)
    return None if offset is None else math.hypot(*offset)


def prior_score(mark: Mark, prior: Scored) -> float | None:
    """The highest saliency of the prior image at the mark's place relative to the nipple; None where it cannot tell."""
    offset = _offset_mm(mark)
    if offset is None or prior.nipple is None:
        return None
    x, y = (place + part / prior.pixel_mm for place, part in zip(prior.nipple, offset, strict=True))
    saliency, transform = prior.prediction.saliency, prior.prediction.saliency_transform
    column, row = transform.point_to_input(x, y)
    reach = max(1.0, SAME_PLACE_MM / prior.pixel_mm * transform.scale)
    rows, columns = np.mgrid[: saliency.shape[0], : saliency.shape[1]]
    near = np.hypot(rows + 0.5 - row, columns + 0.5 - column) <= reach
    return float(saliency[near].max()) if near.any() else None


def _offset_mm(mark: Mark) -> Point | None:
    """From the nipple to the centre of a mark, in mm along x and y."""
    item, region = mark
    if item.nipple is None:
        return None
    x0, y0, x1, y1 = region.box
    x, y = (x0 + x1) / 2 - item.nipple[0], (y0 + y1) / 2 - item.nipple[1]
    return x * item.pixel_mm, y * item.pixel_mm

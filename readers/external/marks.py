"""Places the marks of another product on the images of an exam, or refuses them one by one with a reason.

A mark is never moved: one that reaches over an edge is clipped, one that lies outside is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from screening.domain.ai_read import Region
from screening.domain.geometry import Box
from screening.domain.identifiers import SopInstanceUid
from screening.domain.opinion import FindingType, ImageLocation
from screening.domain.quality import Exclusion, ReasonCode
from screening.domain.study import Image, Study

POINT_MM: Final = 10.0
"""Side of the square drawn around a mark that is only a point, about the size of a small cancer."""

POINT_PX: Final = 100.0
"""The same where the pixel spacing is unknown."""


@dataclass(frozen=True)
class Mark:
    """One mark as the product states it: `box` or `center` in stored pixels, `frame` 1-based, `raw` 0..1 or None."""

    image: SopInstanceUid
    frame: int | None
    box: Box | None
    center: tuple[float, float] | None
    type: FindingType | None
    raw: float | None


@dataclass(frozen=True)
class Placed:
    """Marks as regions, most suspicious first, those refused, and those whose score had to be assumed."""

    regions: tuple[Region, ...]
    refused: tuple[Exclusion, ...]
    warnings: tuple[Exclusion, ...]


def place(study: Study, marks: Iterable[Mark], readable: frozenset[SopInstanceUid]) -> Placed:
    """Every mark on its image. `readable` are images that can carry one: read by the product, a standard view."""
    images = {image.sop_instance_uid: image for image in study.images}
    regions: list[Region] = []
    refused: list[Exclusion] = []
    warnings: list[Exclusion] = []
    for mark in marks:
        image = images.get(mark.image)
        region = _region(mark, image) if image is not None and mark.image in readable else ReasonCode.MARK_ELSEWHERE
        if isinstance(region, ReasonCode):
            refused.append(Exclusion(mark.image, region))
            continue
        regions.append(region)
        if mark.raw is None:
            warnings.append(Exclusion(mark.image, ReasonCode.SCORE_NOT_STATED))
    by_score = sorted(regions, key=lambda region: -region.raw_score)
    return Placed(tuple(by_score), tuple(dict.fromkeys(refused)), tuple(dict.fromkeys(warnings)))


def _region(mark: Mark, image: Image) -> Region | ReasonCode:
    """The mark as a region; a mark without a score counts as the highest, for somebody decided to make it."""
    box = _clipped(_box(mark, image), image)
    if box is None or image.slot is None or not _has_frame(mark, image):
        return ReasonCode.MARK_ELSEWHERE
    if mark.type is None:
        return ReasonCode.MARK_NOT_UNDERSTOOD
    location = ImageLocation(image.sop_instance_uid, *box, frame=mark.frame if image.frames > 1 else None)
    raw = 1.0 if mark.raw is None else mark.raw
    return Region(location, image.slot.laterality, image.slot, raw, None, mark.type)


def _has_frame(mark: Mark, image: Image) -> bool:
    """Whether the frame exists; on a volume a mark without one lies nowhere."""
    frame = mark.frame if mark.frame is not None or image.frames > 1 else 1
    return frame is not None and 1 <= frame <= image.frames


def _box(mark: Mark, image: Image) -> Box | None:
    if mark.box is not None or mark.center is None:
        return mark.box
    x, y = mark.center
    if not (0 <= x <= image.columns and 0 <= y <= image.rows):
        return None
    half_x = POINT_MM / 2 / image.column_spacing_mm if image.column_spacing_mm else POINT_PX / 2
    half_y = POINT_MM / 2 / image.row_spacing_mm if image.row_spacing_mm else POINT_PX / 2
    return x - half_x, y - half_y, x + half_x, y + half_y


def _clipped(box: Box | None, image: Image) -> Box | None:
    """The part of a box that lies on the image, None when there is none; a line or a point is none either."""
    if box is None or not all(map(math.isfinite, box)):
        return None
    x0, x1 = max(box[0], 0.0), min(box[2], float(image.columns))
    y0, y1 = max(box[1], 0.0), min(box[3], float(image.rows))
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None

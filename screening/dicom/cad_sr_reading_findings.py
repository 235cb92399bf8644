"""Findings of a CAD report (TID 4003 to 4006): which items are marks, of what type, where, how certain."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from screening.dicom import cad_sr_reading_codes as codes
from screening.dicom.cad_sr_reading_tree import Item, Reference, broken
from screening.dicom.elements import numbers, text
from screening.domain.ai_read import BreastDensity
from screening.domain.cad_report import CadFinding, RenderingIntent
from screening.domain.geometry import Box
from screening.domain.opinion import FindingType

Point = tuple[float, float]


@dataclass(frozen=True)
class _Inherited:
    """What a finding takes from the impression and the composite features it stands under."""

    intent: RenderingIntent = RenderingIntent.OPTIONAL
    type: FindingType | None = None
    certainty: float | None = None
    probability: float | None = None


def findings(summary: Item) -> tuple[CadFinding, ...]:
    """Every mark below the CAD Processing and Findings Summary, in document order."""
    impressions = summary.children(codes.IMPRESSION)
    return tuple(f for item in impressions for f in _below(item, _Inherited(_intent(item, RenderingIntent.OPTIONAL))))


def density(summary: Item) -> BreastDensity | None:
    """The one BI-RADS composition the report states (TID 4007), None when it states none or several."""
    stated = {found for item in summary.children(codes.IMPRESSION) for found in _densities(item)}
    return stated.pop() if len(stated) == 1 else None


def _densities(item: Item) -> Iterator[BreastDensity]:
    for child in item.children():
        if child.concept in codes.COMPOSITION and child.value in codes.DENSITIES:
            yield codes.DENSITIES[child.value]
        yield from _densities(child)


def _below(item: Item, taken: _Inherited) -> Iterator[CadFinding]:
    for child in item.children(codes.SINGLE_FINDING, codes.COMPOSITE):
        if child.concept == codes.COMPOSITE:
            yield from _below(child, _composite(child, taken))
        elif child.value not in codes.NO_LESION:
            yield _finding(child, taken)


def _composite(item: Item, taken: _Inherited) -> _Inherited:
    """A composite feature (TID 4004, 4005) names its members better than they do themselves."""
    return _Inherited(
        _intent(item, taken.intent),
        codes.FINDING_TYPES.get(item.value, taken.type),
        item.fraction(codes.CERTAINTY_OF_FEATURE),
        item.fraction(codes.PROBABILITY),
    )


def _intent(item: Item, outer: RenderingIntent) -> RenderingIntent:
    """Rendering Intent; what stands under an item that must not be shown is not shown either."""
    stated = item.child(codes.INTENT)
    own = codes.INTENTS.get(stated.value, outer) if stated is not None else outer
    return RenderingIntent.NEVER if RenderingIntent.NEVER in (own, outer) else own


def _finding(item: Item, taken: _Inherited) -> CadFinding:
    certainty, probability = item.fraction(codes.CERTAINTY_OF_FINDING), item.fraction(codes.PROBABILITY)
    center, outline = item.child(codes.CENTER), item.child(codes.OUTLINE)
    if center is None and outline is None:
        raise broken("a finding has neither center nor outline")
    at = _one_image([found for found in (center, outline) if found is not None])
    return CadFinding(
        image=at.image,
        frame=at.frame,
        outline=_box(outline) if outline is not None else None,
        center=_points(center)[0] if center is not None else None,
        type=taken.type or codes.FINDING_TYPES.get(item.value),
        certainty=taken.certainty if certainty is None else certainty,
        probability=taken.probability if probability is None else probability,
        intent=_intent(item, taken.intent),
    )


def _one_image(coordinates: Sequence[Item]) -> Reference:
    """The one image that all coordinates of a finding are selected from (PS3.3 C.18.6)."""
    found = {at for item in coordinates for child in item.children() if (at := child.image()) is not None}
    if len(found) != 1:
        raise broken("the coordinates of a finding lie on no image, or on several")
    return found.pop()


def _points(item: Item) -> list[Point]:
    """Graphic Data as (column, row) pairs."""
    values = numbers(item.data, "GraphicData")
    if not values or len(values) % 2:
        raise broken("graphic data holds no pairs of finite numbers")
    return list(zip(values[::2], values[1::2], strict=True))


def _box(item: Item) -> Box:
    """The box around an outline of any graphic type (PS3.3 C.18.6.1.2)."""
    points = _points(item)
    shape = {"CIRCLE": (2, _circle), "ELLIPSE": (4, _ellipse)}.get(text(item.data, "GraphicType"))
    if shape is not None:
        count, around = shape
        if len(points) != count:
            raise broken("a circle or an ellipse has another number of points")
        return around(points)
    across, down = zip(*points, strict=True)
    return min(across), min(down), max(across), max(down)


def _circle(points: Sequence[Point]) -> Box:
    """CIRCLE: the centre and a point on the perimeter."""
    (x, y), rim = points
    radius = math.dist((x, y), rim)
    return x - radius, y - radius, x + radius, y + radius


def _ellipse(points: Sequence[Point]) -> Box:
    """ELLIPSE: the ends of the major axis, then those of the minor one; the axes may be oblique."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = points
    x, y = (ax + bx) / 2, (ay + by) / 2
    half_width = math.hypot(bx - ax, dx - cx) / 2
    half_height = math.hypot(by - ay, dy - cy) / 2
    return x - half_width, y - half_height, x + half_width, y + half_height

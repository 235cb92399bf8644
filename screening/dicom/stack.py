"""How the frames of a volume lie in space: which way up, in which order, how far apart (PS3.3 C.7.6.16.2).

Frame order in the file is no statement about space: positions decide, then stated stack positions, then file order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from pydicom.dataset import Dataset

from screening.dicom.attributes import frames
from screening.dicom.elements import items, number, numbers, path
from screening.dicom.orientation import Orientation

Vector = tuple[float, float, float]

_AXES = (("R", "L"), ("A", "P"), ("F", "H"))
"""Letters towards lower and higher x, y and z of the patient (PS3.3 C.7.6.2.1.1)."""

_LEAST_PART = 0.25
"""A direction is named by every axis it runs along by at least this cosine: 15 degrees off an axis is still that."""

_SAME_PLACE_MM = 0.01


@dataclass(frozen=True)
class Stack:
    """`order` are frame indices (from 0) from the detector upwards; `slice_mm` is the distance between neighbours."""

    order: tuple[int, ...]
    slice_mm: float | None


def stack_of(ds: Dataset) -> Stack:
    """The stack of a multi-frame object; `slice_mm` is None when nothing states it.

    Distances are measured between positions; where there are none, Spacing Between Slices counts, then Slice Thickness.
    """
    count = frames(ds)
    heights = _heights(ds, count)
    if heights is not None:
        order = tuple(sorted(range(count), key=heights.__getitem__))
        gaps = [heights[after] - heights[before] for before, after in pairwise(order)]
        return Stack(order, round(median(gaps), 4) if gaps else stated_slice_mm(ds))
    return Stack(_stated_order(ds, count), stated_slice_mm(ds))


def plane_orientation(ds: Dataset) -> Orientation | None:
    """Directions of rows and columns in letters, from Image Orientation (Patient) (PS3.3 C.7.6.16.2.4).

    Volumes state no Patient Orientation; letters let the same rules hold for them as for mammograms. None when absent
    or when the vectors are none.
    """
    found = _cosines(ds)
    return Orientation(letters(found[0]), letters(found[1])) if found else None


def letters(direction: Vector) -> str:
    """A unit vector in patient coordinates as letters, the main direction first.

    >>> letters((-0.6, 0.0, -0.8))
    'FR'
    """
    named = [(abs(part), _AXES[axis][part > 0]) for axis, part in enumerate(direction) if abs(part) >= _LEAST_PART]
    return "".join(letter for _, letter in sorted(named, reverse=True))


def stated_slice_mm(ds: Dataset) -> float | None:
    """Spacing Between Slices, else Slice Thickness, of the Pixel Measures; None when missing or not positive."""
    measures = frame_macro(ds, "PixelMeasuresSequence")
    if measures is None:
        return None
    stated = (number(measures, keyword) for keyword in ("SpacingBetweenSlices", "SliceThickness"))
    return next((found for found in stated if found is not None and found > 0), None)


def frame_macro(ds: Dataset, keyword: str, frame: int = 0) -> Dataset | None:
    """A functional group macro of a frame (from 0): its own, else the shared one, else None (PS3.3 C.7.6.16.1)."""
    per_frame = items(ds, "PerFrameFunctionalGroupsSequence")
    own = path(per_frame[frame], keyword) if frame < len(per_frame) else None
    return own if own is not None else path(ds, "SharedFunctionalGroupsSequence", keyword)


def _cosines(ds: Dataset) -> tuple[Vector, Vector] | None:
    macro = frame_macro(ds, "PlaneOrientationSequence")
    found = numbers(macro, "ImageOrientationPatient") if macro is not None else ()
    if len(found) != 6:
        return None
    row, column = (found[0], found[1], found[2]), (found[3], found[4], found[5])
    unit = all(abs(math.hypot(*vector) - 1.0) < 0.01 for vector in (row, column))
    return (row, column) if unit else None


def _heights(ds: Dataset, count: int) -> tuple[float, ...] | None:
    """Position of each frame along the upward normal in mm; None unless every frame has a place of its own."""
    cosines = _cosines(ds)
    per_frame = items(ds, "PerFrameFunctionalGroupsSequence")
    if cosines is None or len(per_frame) != count:
        return None
    up = _upward_normal(*cosines)
    macros = [path(item, "PlanePositionSequence") for item in per_frame]
    places = [numbers(macro, "ImagePositionPatient") if macro is not None else () for macro in macros]
    if any(len(place) != 3 for place in places):
        return None
    heights = tuple(sum(a * b for a, b in zip(up, place, strict=True)) for place in places)
    distinct = all(high - low > _SAME_PLACE_MM for low, high in pairwise(sorted(heights)))
    return heights if distinct else None


def _upward_normal(row: Vector, column: Vector) -> Vector:
    """The normal that points to the head, away from the detector, which lies below the breast in CC and MLO."""
    x = row[1] * column[2] - row[2] * column[1]
    y = row[2] * column[0] - row[0] * column[2]
    z = row[0] * column[1] - row[1] * column[0]
    return (x, y, z) if z >= 0 else (-x, -y, -z)


def _stated_order(ds: Dataset, count: int) -> tuple[int, ...]:
    """Frames by In-Stack Position Number where each has its own, else as stored."""
    per_frame = items(ds, "PerFrameFunctionalGroupsSequence")
    contents = [path(item, "FrameContentSequence") for item in per_frame]
    stated = [number(content, "InStackPositionNumber") if content is not None else None for content in contents]
    if len(stated) != count or None in stated or len(set(stated)) != count:
        return tuple(range(count))
    return tuple(sorted(range(count), key=lambda frame: stated[frame] or 0.0))

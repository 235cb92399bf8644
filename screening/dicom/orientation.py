"""How the stored matrix must be mirrored to show the chest wall at the left and the head (or lateral side) up.

The header speaks first; the air side of the pixels must agree with it. Where they disagree nobody knows which breast
this is, so the image is refused: nothing here turns an image against its header.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from screening.dicom.elements import texts
from screening.domain.errors import UnusableImage
from screening.domain.geometry import Flip
from screening.domain.quality import ReasonCode
from screening.domain.study import Laterality, View

_LATERAL_UP_VIEWS = frozenset({View.CC, View.XCCL, View.XCCM, View.FB})
"""Views seen along the body axis: the lateral side goes up, so that both breasts look alike (PS3.3 C.8.11.7)."""

_OBLIQUE_VIEWS = frozenset({View.MLO, View.LMO})
_MEDIAL = {Laterality.LEFT: "R", Laterality.RIGHT: "L"}
"""Letter of the medial direction for a breast: towards the other side of the body."""


class Side(StrEnum):
    """An edge of the stored matrix."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True)
class Orientation:
    """Patient Orientation (0020,0020): direction of the rows to the right and of the columns down (PS3.3 C.7.6.1.1.1).

    Letters A, P, R, L, H, F, the main direction first.
    """

    row: str
    column: str

    @property
    def chest_wall(self) -> Side | None:
        """The edge at the chest wall: where the row starts if it runs to anterior; None for a turned matrix."""
        return {"A": Side.LEFT, "P": Side.RIGHT}.get(self.row[:1])


def patient_orientation(ds: Dataset) -> Orientation | None:
    """Patient Orientation, or None when it is missing or not made of its defined letters."""
    found = tuple(item.upper() for item in texts(ds, "PatientOrientation"))
    if len(found) != 2 or not all(item and set(item) <= set("APRLHF") for item in found):
        return None
    return Orientation(*found)


def standard_side(laterality: Laterality) -> Side:
    """The edge of the chest wall as images are hung and usually stored: left breasts at the left."""
    return Side.LEFT if laterality is Laterality.LEFT else Side.RIGHT


def check_header(
    orientation: Orientation | None, laterality: Laterality | None, view: View | None
) -> ReasonCode | None:
    """What the header alone already forbids: a turned matrix, or an oblique view of the other breast."""
    if orientation is None:
        return None
    if orientation.chest_wall is None:
        return ReasonCode.ORIENTATION_UNKNOWN
    if laterality and view in _OBLIQUE_VIEWS and _other_breast(orientation, laterality):
        return ReasonCode.LATERALITY_CONFLICT
    return None


def _other_breast(orientation: Orientation, laterality: Laterality) -> bool:
    """In an oblique view down is also medial (A, FR for a left breast); down and lateral means the other breast."""
    letters = set(orientation.column)
    if not letters & {"L", "R"} or not letters & {"F", "H"}:
        return False
    medial = _MEDIAL[laterality] in letters
    return medial is ("H" in letters)


def is_upside_down(orientation: Orientation, laterality: Laterality, view: View) -> bool | None:
    """Whether the columns run the wrong way; None when the column direction does not tell."""
    if view in _LATERAL_UP_VIEWS:
        sides = [letter for letter in orientation.column if letter in "LR"]
        return sides[0] != _MEDIAL[laterality] if sides else None
    heights = [letter for letter in orientation.column if letter in "HF"]
    return heights[0] == "H" if heights else None


def derive_flip(
    orientation: Orientation | None, laterality: Laterality, view: View, shape: tuple[int, int], seen: Side | None
) -> Flip:
    """The flip to chest wall left and head up, checked against the side at which the pixels show tissue.

    `seen` is the edge where tissue meets the matrix, None when the pixels do not tell. Raises UnusableImage:
    ORIENTATION_CONFLICT when pixels and header disagree, ORIENTATION_UNKNOWN when the header says nothing usable and
    the pixels do not show the standard side for this laterality.
    """
    rows, columns = shape
    if orientation is None:
        if seen is not standard_side(laterality):
            raise UnusableImage(ReasonCode.ORIENTATION_UNKNOWN, "no usable patient orientation")
        return Flip(rows, columns, horizontal=seen is Side.RIGHT, vertical=False)
    stated, upside_down = orientation.chest_wall, is_upside_down(orientation, laterality, view)
    if stated is None or upside_down is None:
        raise UnusableImage(ReasonCode.ORIENTATION_UNKNOWN, "the patient orientation is not usable for this view")
    if seen is not None and seen is not stated:
        raise UnusableImage(ReasonCode.ORIENTATION_CONFLICT, f"chest wall {stated.value} stated, {seen.value} seen")
    return Flip(rows, columns, horizontal=stated is Side.RIGHT, vertical=upside_down)


def apply_flip(pixels: NDArray[np.float32], flip: Flip) -> NDArray[np.float32]:
    """The mirrored image, contiguous; applying the same flip again gives the image back."""
    turned = pixels[:: -1 if flip.vertical else 1, :: -1 if flip.horizontal else 1]
    return np.ascontiguousarray(turned)

"""Side, view, modifiers and completeness of a breast image, from codes first and text second.

Never from file order, descriptions or pixels: what the header does not state, or states twice and differently, is not
known.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.dataset import Dataset

from screening.dicom import codes
from screening.dicom.attributes import code_items, magnification
from screening.dicom.elements import code, items, mentions, path, text
from screening.dicom.orientation import patient_orientation, standard_side
from screening.domain.quality import ReasonCode
from screening.domain.study import Laterality, View, ViewModifier

MAGNIFIED_FROM = 1.2
"""Contact views reach about 1.08 by the breast's own thickness; magnification stands give 1.5 to 2."""

_PADDLES = {"spot": ViewModifier.SPOT_COMPRESSION, "mag": ViewModifier.MAGNIFICATION}
"""Words in a paddle's description: hints that can only keep an image out of the standard slots."""


@dataclass(frozen=True)
class Positioning:
    """How the breast was imaged; `defect` when the header contradicts itself."""

    laterality: Laterality | None
    view: View | None
    modifiers: frozenset[ViewModifier]
    implant_present: bool
    partial_view: bool
    defect: ReasonCode | None = None
    detail: str = ""
    warnings: tuple[ReasonCode, ...] = ()


def read_positioning(ds: Dataset) -> Positioning:
    """Positioning of an image (PS3.3 C.8.11.7 and C.8.21.3)."""
    laterality, side_conflict = read_laterality(ds)
    view, view_conflict = read_view(ds)
    implant = text(ds, "BreastImplantPresent").upper() == "YES"
    defect = ReasonCode.LATERALITY_CONFLICT if side_conflict else ReasonCode.VIEW_UNKNOWN if view_conflict else None
    detail = "view code and view position differ" if defect is ReasonCode.VIEW_UNKNOWN else ""
    return Positioning(
        laterality=laterality,
        view=view,
        modifiers=read_modifiers(ds),
        implant_present=implant,
        partial_view=text(ds, "PartialView").upper() == "YES",
        defect=defect,
        detail=detail,
        warnings=(ReasonCode.IMPLANT_PRESENT,) if implant else (),
    )


def read_laterality(ds: Dataset) -> tuple[Laterality | None, bool]:
    """The side, and whether attributes contradict each other.

    Image Laterality, else Frame Laterality of the shared or first frame. Series Laterality alone counts only when the
    patient orientation is the usual one for that side; the pixels are checked against it when they are decoded.
    """
    image = _side(text(ds, "ImageLaterality"))
    frame = _side(_frame_laterality(ds))
    series = _side(text(ds, "Laterality"))
    stated = {side for side in (image, frame, series) if side is not None}
    if len(stated) > 1:
        return None, True
    if image or frame:
        return image or frame, False
    orientation = patient_orientation(ds)
    agrees = series and orientation and orientation.chest_wall is standard_side(series)
    return (series if agrees else None), False


def _side(written: str) -> Laterality | None:
    """L or R; B and U name no single breast."""
    return Laterality(written.upper()) if written.upper() in ("L", "R") else None


def _frame_laterality(ds: Dataset) -> str:
    shared = path(ds, "SharedFunctionalGroupsSequence", "FrameAnatomySequence")
    first = path(ds, "PerFrameFunctionalGroupsSequence", "FrameAnatomySequence")
    found = shared if shared is not None else first
    return text(found, "FrameLaterality") if found is not None else ""


def read_view(ds: Dataset) -> tuple[View | None, bool]:
    """The view, and whether code and text name two different known views.

    View Code by value, else View Position; None when neither is there, OTHER when one is but names no known view.
    """
    found = items(ds, "ViewCodeSequence")
    coded = codes.view_of_code(*code(found[0])) if found and code(found[0])[0] else None
    written = text(ds, "ViewPosition")
    worded = codes.view_of_position(written) if written else None
    known = {view for view in (coded, worded) if view not in (None, View.OTHER)}
    if len(known) > 1:
        return None, True
    return (known.pop() if known else coded or worded), False


def read_modifiers(ds: Dataset) -> frozenset[ViewModifier]:
    """View modifiers by code value, magnification also by its factor, and both local views by the paddle used."""
    nested = code_items(ds, "ViewCodeSequence", "ViewModifierCodeSequence")
    coded = (code(item) for item in (*nested, *items(ds, "ViewModifierCodeSequence")))
    found = {codes.modifier_of_code(*pair) for pair in coded if pair[0]}
    if magnification(ds) >= MAGNIFIED_FROM:
        found.add(ViewModifier.MAGNIFICATION)
    found.update(modifier for word, modifier in _PADDLES.items() if mentions(ds, {"PaddleDescription": (word,)}))
    return frozenset(found)

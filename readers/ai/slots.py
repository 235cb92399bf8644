"""Which image fills which of the four standard slots, and why every other image does not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from screening.domain.quality import Exclusion, ReasonCode
from screening.domain.study import Image, ImageKind, Slot, Study, View, ViewModifier

KIND_REASONS: dict[ImageKind, ReasonCode] = {
    ImageKind.FFDM: ReasonCode.MAMMOGRAM_2D,
    ImageKind.FFDM_PROCESSING: ReasonCode.FOR_PROCESSING,
    ImageKind.DBT: ReasonCode.TOMOSYNTHESIS,
    ImageKind.SYNTHETIC_2D: ReasonCode.SYNTHETIC_2D,
    ImageKind.PROJECTION: ReasonCode.PROJECTION,
    ImageKind.STEREOTACTIC: ReasonCode.STEREOTACTIC,
    ImageKind.CONTRAST: ReasonCode.CONTRAST,
    ImageKind.SPECIMEN: ReasonCode.SPECIMEN,
    ImageKind.QUALITY_CONTROL: ReasonCode.QUALITY_CONTROL,
    ImageKind.FILM: ReasonCode.WRONG_SOP_CLASS,
    ImageKind.PROPRIETARY_TOMOSYNTHESIS: ReasonCode.PROPRIETARY_TOMOSYNTHESIS,
    ImageKind.DOSE_REPORT: ReasonCode.DOSE_REPORT,
    ImageKind.OTHER: ReasonCode.WRONG_SOP_CLASS,
}
"""Why an image of this kind is not read by a model that reads another one."""

FFDM_KINDS = frozenset({ImageKind.FFDM})
DBT_KINDS = frozenset({ImageKind.DBT})
THICKER = 1.5
"""A volume of the same view with slices this much thicker and fewer of them shows the same exposure in slabs."""

MAGNIFYING = frozenset({ViewModifier.MAGNIFICATION, ViewModifier.SPOT_COMPRESSION})
STANDARD = frozenset({ViewModifier.IMPLANT_DISPLACED, ViewModifier.NIPPLE_IN_PROFILE})
"""Modifiers that leave a view standard."""


@dataclass(frozen=True)
class Selection:
    """The chosen image per slot, its retakes in order of preference, and everything left out with its reason."""

    chosen: dict[Slot, Image]
    excluded: tuple[Exclusion, ...]
    retakes: dict[Slot, tuple[Image, ...]] = field(default_factory=dict)

    def to_read(self) -> list[tuple[Slot, Image]]:
        """Every image to score, slot by slot, the preferred one of each slot first."""
        filled = [slot for slot in Slot if slot in self.chosen]
        return [(slot, image) for slot in filled for image in (self.chosen[slot], *self.retakes.get(slot, ()))]

    @property
    def missing(self) -> tuple[Slot, ...]:
        """Slots without an image."""
        return tuple(slot for slot in Slot if slot not in self.chosen)


def fill_slots(study: Study, kinds: frozenset[ImageKind] = FFDM_KINDS) -> Selection:
    """Choose one image per slot among those of `kinds`, by a fixed order of preference.

    Implant-displaced views before others where an implant is present, then the volume with more frames, then the
    larger image, then the later one, then the smaller UID: the same study always gives the same choice.
    """
    excluded = list(study.not_images())
    candidates: dict[Slot, list[Image]] = {}
    for image in study.images:
        reason = unfit(image, kinds)
        if reason is not None or image.slot is None:
            excluded.append(_exclusion(image, reason or ReasonCode.VIEW_NOT_STANDARD))
        else:
            candidates.setdefault(image.slot, []).append(image)
    chosen: dict[Slot, Image] = {}
    retakes: dict[Slot, tuple[Image, ...]] = {}
    for slot, images in candidates.items():
        best, *others = sorted(images, key=_preference)
        chosen[slot] = best
        excluded += [_exclusion(other, _why_not(other, best)) for other in others]
        retakes[slot] = tuple(o for o in others if _why_not(o, best) is ReasonCode.REPEAT_NOT_CHOSEN)
    return Selection(chosen, tuple(excluded), retakes)


def unfit(image: Image, kinds: frozenset[ImageKind]) -> ReasonCode | None:
    """The first reason why this image can fill no slot, or None."""
    if image.exclusion is not None:
        return image.exclusion
    if image.kind not in kinds:
        return KIND_REASONS.get(image.kind, ReasonCode.WRONG_SOP_CLASS)
    return _first(
        (image.laterality is None, ReasonCode.LATERALITY_UNKNOWN),
        (image.view is None, ReasonCode.VIEW_UNKNOWN),
        (bool(image.modifiers & MAGNIFYING), ReasonCode.MAGNIFICATION),
        (bool(image.modifiers - STANDARD), ReasonCode.VIEW_MODIFIED),
        (image.view not in (View.CC, View.MLO), ReasonCode.VIEW_NOT_STANDARD),
        (image.partial_view, ReasonCode.PARTIAL_VIEW),
        (not (image.row_spacing_mm and image.column_spacing_mm), ReasonCode.SPACING_MISSING),
        (image.kind is ImageKind.DBT and not image.slice_mm, ReasonCode.SPACING_MISSING),
    )


def _first(*checks: tuple[bool, ReasonCode]) -> ReasonCode | None:
    return next((reason for applies, reason in checks if applies), None)


def _preference(image: Image) -> tuple[bool, int, int, float, str]:
    displaced = ViewModifier.IMPLANT_DISPLACED in image.modifiers
    acquired = image.acquired_at.timestamp() if image.acquired_at else 0.0
    return not displaced, -image.frames, -image.rows * image.columns, -acquired, image.sop_instance_uid


def _why_not(image: Image, best: Image) -> ReasonCode:
    displaced = ViewModifier.IMPLANT_DISPLACED
    if displaced in best.modifiers and displaced not in image.modifiers:
        return ReasonCode.IMPLANT_NOT_DISPLACED
    if image.slice_mm and best.slice_mm and image.frames < best.frames and image.slice_mm > THICKER * best.slice_mm:
        return ReasonCode.SLABS_NOT_CHOSEN
    return ReasonCode.REPEAT_NOT_CHOSEN


def _exclusion(image: Image, reason: ReasonCode) -> Exclusion:
    return Exclusion(image.sop_instance_uid, reason, image.detail if reason is image.exclusion else "")


def warnings_of(study: Study, used: Iterable[Image]) -> tuple[Exclusion, ...]:
    """Warnings of the images that are used, implants and odd study UIDs included."""
    return tuple(Exclusion(image.sop_instance_uid, code) for image in used for code in _warnings(study, image))


def _warnings(study: Study, image: Image) -> tuple[ReasonCode, ...]:
    told = (
        (image.implant_present, ReasonCode.IMPLANT_PRESENT),
        (image.study_instance_uid != study.study_instance_uid, ReasonCode.STUDY_SPLIT),
    )
    return tuple(dict.fromkeys((*image.warnings, *(code for applies, code in told if applies))))

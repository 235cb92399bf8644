"""A tomosynthesis volume as presentation frames (port PresentationVolume), one decoded frame at a time.

What is decided for the volume is decided once, when it is opened: geometry, flip and whether its middle frames look
like a breast. Frames keep their stored numbers; the outermost ones are blurred by nature and are not judged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from screening.dicom.content import Content, examine
from screening.dicom.decoders import FrameFormat
from screening.dicom.elements import quiet
from screening.dicom.header import OpenedFile
from screening.dicom.orientation import Orientation, Side, apply_flip, check_header, derive_flip, patient_orientation
from screening.dicom.pixels import check_pixels, frame_format, read_frame
from screening.dicom.stack import Stack, plane_orientation, stack_of
from screening.dicom.voi import VoiTable, voi_table
from screening.domain.errors import UnusableImage
from screening.domain.geometry import Flip
from screening.domain.quality import ReasonCode
from screening.domain.study import Laterality, View

JUDGED = (1 / 3, 1 / 2, 2 / 3)
"""Where in the stack the frames lie whose content is checked: inside the breast, where all of it is in focus."""

MAX_SLICE_ANISOTROPY = 2.0
"""Reconstruction from few angles blurs along the sweep, so intact slices are streakier than mammograms: phantoms reach
1.6 at a pitch of 0.6 mm. Rows that fell apart have 2 and more."""


@dataclass(frozen=True)
class DicomVolume:
    """An opened volume; holds the header, never pixels, so that threads may share it."""

    opened: OpenedFile
    form: FrameFormat
    stack: tuple[int, ...]
    row_spacing_mm: float
    column_spacing_mm: float
    slice_mm: float
    flip: Flip
    warnings: tuple[ReasonCode, ...] = ()

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return len(self.stack)

    def frame(self, index: int) -> NDArray[np.float32]:
        """Frame `index` (from 0, stored order): float32 (rows, columns) 0..1, chest wall left.

        Raises UnusableImage: PIXELS_MISSING for a frame that is not there, and whatever decoding finds.
        """
        return apply_flip(_shown(self.opened, self.form, index), self.flip)


def open_volume(opened: OpenedFile, laterality: Laterality, view: View, spacing_mm: tuple[float, float]) -> DicomVolume:
    """Open a volume and judge its middle frames.

    Raises UnusableImage: SPACING_MISSING without a distance between slices, ORIENTATION_UNKNOWN,
    ORIENTATION_CONFLICT or LATERALITY_CONFLICT when nobody can tell which breast this is, and whatever decoding and
    the pixels of the middle frames forbid.
    """
    with quiet():
        form = frame_format(opened)
        stack, orientation = stack_of(opened.dataset), _orientation(opened)
        check_pixels(opened)
    refusal = check_header(orientation, laterality, view)
    if refusal is not None:
        raise UnusableImage(refusal)
    if stack.slice_mm is None:
        raise UnusableImage(ReasonCode.SPACING_MISSING, "no distance between slices is stated")
    judged = [examine(_shown(opened, form, index), MAX_SLICE_ANISOTROPY) for index in judged_frames(stack)]
    flip = derive_flip(orientation, laterality, view, (form.rows, form.columns), _side(judged))
    warnings = _table(opened, form, judged_frames(stack)[0]).warnings
    return DicomVolume(opened, form, stack.order, *spacing_mm, stack.slice_mm, flip, warnings)


def judged_frames(stack: Stack) -> tuple[int, ...]:
    """Stored indices of the frames whose content is checked, each once."""
    last = len(stack.order) - 1
    return tuple(dict.fromkeys(stack.order[round(last * share)] for share in JUDGED))


def _orientation(opened: OpenedFile) -> Orientation | None:
    """Patient Orientation where a maker states it, else the plane orientation of the functional groups."""
    return patient_orientation(opened.dataset) or plane_orientation(opened.dataset)


def _side(judged: list[Content]) -> Side | None:
    """The edge at which the frames show the chest wall. Raises UnusableImage (ORIENTATION_CONFLICT) if they differ."""
    sides = {content.chest_wall for content in judged if content.chest_wall is not None}
    if len(sides) > 1:
        raise UnusableImage(ReasonCode.ORIENTATION_CONFLICT, "frames show the chest wall at different edges")
    return sides.pop() if sides else None


def _table(opened: OpenedFile, form: FrameFormat, index: int) -> VoiTable:
    with quiet():
        return voi_table(opened.dataset, form.bits_stored, form.signed, frame=index)


def _shown(opened: OpenedFile, form: FrameFormat, index: int) -> NDArray[np.float32]:
    return _table(opened, form, index).apply(read_frame(opened, index))

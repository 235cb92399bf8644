"""Whether an image may leave as it is, with its air blackened, or not at all.

An image whose pixels cannot be looked at does not leave: nobody could say what is written in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from screening.dicom.attributes import frames
from screening.dicom.deidentify.burned_in import Air, Mask, Pixels, blackened, look
from screening.dicom.elements import text
from screening.dicom.header import OpenedFile
from screening.dicom.pixels import read_frame
from screening.domain.errors import UnusableImage

DECLARED: Final = "the header states burned-in annotation"
DECLARED_NOT_FOUND: Final = "the header states burned-in annotation, and none was found beside the breast"
FOUND: Final = "signs in the air beside the breast"
NOT_CHECKED: Final = "its pixels cannot be checked for burned-in text"
NO_AIR: Final = "breast and air cannot be told apart, so burned-in text could not be looked for"


class Look(StrEnum):
    """What the pixels allow."""

    COPY = "copy"
    MASK = "mask"
    LEAVE_OUT = "leave_out"


@dataclass(frozen=True)
class Verdict:
    """What is done with an image and why; `air` is what to blacken, shape (rows, columns)."""

    look: Look
    reason: str = ""
    air: Mask | None = None


def look_at_pixels(opened: OpenedFile, leave_out_declared: bool) -> Verdict:
    """Judge every frame of an image at once, by the brightest value that each pixel takes in any of them."""
    declared = text(opened.dataset, "BurnedInAnnotation").upper() == "YES"
    if declared and leave_out_declared:
        return Verdict(Look.LEAVE_OUT, DECLARED)
    try:
        air = _air(opened)
    except UnusableImage:
        return Verdict(Look.LEAVE_OUT, NOT_CHECKED)
    if air is None:
        return Verdict(Look.LEAVE_OUT, NO_AIR)
    if air.signs:
        return Verdict(Look.MASK, FOUND, air.mask)
    return Verdict(Look.LEAVE_OUT, DECLARED_NOT_FOUND) if declared else Verdict(Look.COPY)


def frames_without_air(opened: OpenedFile, air: Mask) -> Iterator[NDArray[np.generic]]:
    """Stored values of every frame with the air blackened, one frame at a time."""
    for frame in range(frames(opened.dataset)):
        yield blackened(read_frame(opened, frame), air)


def _air(opened: OpenedFile) -> Air | None:
    unprocessed = text(opened.dataset, "PresentationIntentType") == "FOR PROCESSING"
    inverted = text(opened.dataset, "PhotometricInterpretation") == "MONOCHROME1"
    return look(_brightest(opened, inverted and not unprocessed), air_is_smooth=unprocessed)


def _brightest(opened: OpenedFile, inverted: bool) -> Pixels:
    sign = np.float32(-1 if inverted else 1)
    brightest = sign * read_frame(opened).astype(np.float32)
    for frame in range(1, frames(opened.dataset)):
        np.maximum(brightest, sign * read_frame(opened, frame).astype(np.float32), out=brightest)
    return brightest

"""Writes Digital Mammography X-Ray Image objects (PS3.3 A.26) from plain values, for synthetic screening rounds.

Every value comes from the caller, so the same input gives the same bytes. It never alters a received image, and it is
the caller's duty to name and comment made-up women as such; a marker may be burnt into the picture besides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import (
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing,
    ExplicitVRLittleEndian,
)

from screening.dicom.mg_encode import encode, with_marker
from screening.dicom.mg_modules import acquisition, general, pixel_description, positioning
from screening.domain.errors import InvalidInput
from screening.domain.identifiers import SeriesInstanceUid, SopInstanceUid
from screening.domain.study import Device, Laterality, StudyHeader, View, ViewModifier


class Intent(StrEnum):
    """Presentation Intent Type (0008,0068); decides the SOP class."""

    PRESENTATION = "FOR PRESENTATION"
    PROCESSING = "FOR PROCESSING"


class Relationship(StrEnum):
    """Pixel Intensity Relationship (0028,1040): whether stored values follow the intensity or its logarithm."""

    LINEAR = "LIN"
    LOGARITHMIC = "LOG"


class Photometric(StrEnum):
    """Photometric Interpretation (0028,0004): whether the lowest stored value is black or white."""

    MONOCHROME1 = "MONOCHROME1"
    MONOCHROME2 = "MONOCHROME2"


@dataclass(frozen=True, eq=False)
class MgPixels:
    """One mammogram.

    `pixels` is uint16 (rows, columns) as stored, MONOCHROME2, air dark: a left breast has its chest wall at the left
    edge, a right breast at the right edge, head (MLO) or lateral side (CC) up. `pixel_mm` is the pixel pitch at the
    detector. `acquired_at` is local time. `window_center`, `window_width` (stored values) and `voi_function` describe
    the MONOCHROME2 picture and are used For Presentation only. With MONOCHROME1 the writer inverts pixels and window.
    A raw detector signal For Processing is `relationship` linear: 2**bits_stored - 1 minus the counts in `pixels`, and
    MONOCHROME1 stores the counts themselves. `marker` is burnt into the upper corner of the air side; empty for none.
    `comments` become Image Comments.
    """

    pixels: NDArray[np.uint16]
    header: StudyHeader
    laterality: Laterality
    view: View
    pixel_mm: float
    device: Device
    window_center: float
    window_width: float
    acquired_at: datetime
    sop_instance_uid: SopInstanceUid
    series_instance_uid: SeriesInstanceUid
    voi_function: str = "LINEAR"
    series_number: int = 1
    instance_number: int = 1
    bits_stored: int = 12
    intent: Intent = Intent.PRESENTATION
    photometric: Photometric = Photometric.MONOCHROME2
    modifiers: tuple[ViewModifier, ...] = ()
    implant_present: bool = False
    magnification: float = 1.0
    padding_value: int | None = None
    relationship: Relationship = Relationship.LOGARITHMIC
    comments: str = ""
    marker: str = ""

    def __post_init__(self) -> None:
        if self.pixels.ndim != 2 or self.pixels.dtype != np.uint16 or min(self.pixels.shape) < 32:
            raise InvalidInput("mammogram pixels are a two-dimensional uint16 array of at least 32 by 32")
        if not 9 <= self.bits_stored <= 16 or int(self.pixels.max()) >= 2**self.bits_stored:
            raise InvalidInput("Bits Stored lies between 9 and 16 and holds every pixel value")
        if self.pixel_mm <= 0 or self.magnification <= 0 or self.window_width < 1:
            raise InvalidInput("pixel pitch, magnification and window width are positive")

    @property
    def sop_class_uid(self) -> str:
        """SOP class that goes with the intent."""
        if self.intent is Intent.PRESENTATION:
            return DigitalMammographyXRayImageStorageForPresentation
        return DigitalMammographyXRayImageStorageForProcessing


def mg_dataset(image: MgPixels, transfer_syntax: str = ExplicitVRLittleEndian) -> Dataset:
    """The object with its file meta information.

    `transfer_syntax` is one of `mg_encode.TRANSFER_SYNTAXES`. Raises InvalidInput for another one, and for a view
    whose patient orientation is not defined here.
    """
    stored = with_marker(image.pixels, image.marker, image.laterality, image.bits_stored)
    if image.photometric is Photometric.MONOCHROME1:
        stored = np.asarray(2**image.bits_stored - 1 - stored.astype(np.int32), np.uint16)
    dataset = Dataset()
    general(dataset, image)
    positioning(dataset, image)
    acquisition(dataset, image)
    pixel_description(dataset, image)
    encode(dataset, stored, transfer_syntax)
    return dataset


def write_mg(image: MgPixels, path: Path, transfer_syntax: str = ExplicitVRLittleEndian) -> None:
    """Write the object to `path`. Raises InvalidInput like `mg_dataset`."""
    mg_dataset(image, transfer_syntax).save_as(path, enforce_file_format=True)

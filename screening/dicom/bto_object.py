"""Writes Breast Tomosynthesis Image objects (PS3.3 A.55) from plain values, for synthetic screening rounds.

One volume is one multi-frame object. Every value comes from the caller, so the same input gives the same bytes; it is
the caller's duty to name and comment made-up women as such.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import BreastTomosynthesisImageStorage, ExplicitVRLittleEndian

from screening.dicom import bto_groups, bto_modules, mg_modules
from screening.dicom.mg_encode import encode
from screening.dicom.mg_modules import PATIENT_ORIENTATION
from screening.dicom.mg_object import Intent
from screening.domain.errors import InvalidInput
from screening.domain.identifiers import SeriesInstanceUid, SopInstanceUid
from screening.domain.study import Device, Laterality, StudyHeader, View, ViewModifier


@dataclass(frozen=True)
class Window:
    """One VOI window in stored values, with its function (PS3.3 C.11.2.1)."""

    center: float
    width: float
    function: str = "LINEAR"


@dataclass(frozen=True)
class Sweep:
    """How the projections were taken: degrees of the X-ray tube around the vertical, one exposure each."""

    start_degrees: float = -7.5
    end_degrees: float = 7.5
    projections: int = 15
    kvp: float = 30.0
    exposure_mas: float = 4.0

    @property
    def exposure_ms(self) -> float:
        """Exposure time of one projection at the 100 mA that the writer states."""
        return self.exposure_mas * 10.0


@dataclass(frozen=True, eq=False)
class BtoPixels:
    """One tomosynthesis volume.

    `slices` is uint16 (frames, rows, columns), MONOCHROME2, air dark, from the detector upwards; a left breast has its
    chest wall at the left edge, a right breast at the right edge. `pixel_mm` is the spacing in the slice, `slice_mm`
    that between slices. `windows` holds one window for all frames or one per frame, which is then written into each
    frame's own functional groups. `acquired_at` is local time.
    """

    slices: NDArray[np.uint16]
    header: StudyHeader
    laterality: Laterality
    view: View
    pixel_mm: float
    slice_mm: float
    device: Device
    windows: Sequence[Window]
    acquired_at: datetime
    sop_instance_uid: SopInstanceUid
    series_instance_uid: SeriesInstanceUid
    frame_of_reference_uid: str
    series_number: int = 1
    instance_number: int = 1
    bits_stored: int = 12
    thickness_mm: float | None = None
    modifiers: tuple[ViewModifier, ...] = ()
    implant_present: bool = False
    sweep: Sweep = field(default_factory=Sweep)
    comments: str = ""
    intent: Intent = Intent.PRESENTATION

    def __post_init__(self) -> None:
        if self.slices.ndim != 3 or self.slices.dtype != np.uint16 or min(self.slices.shape[1:]) < 32:
            raise InvalidInput("a volume is a three-dimensional uint16 array of slices of at least 32 by 32")
        if not 9 <= self.bits_stored <= 16 or int(self.slices.max()) >= 2**self.bits_stored:
            raise InvalidInput("Bits Stored lies between 9 and 16 and holds every pixel value")
        if self.pixel_mm <= 0 or self.slice_mm <= 0:
            raise InvalidInput("pixel pitch and slice spacing are positive")
        if len(self.windows) not in (1, len(self.slices)) or any(w.width < 1 for w in self.windows):
            raise InvalidInput("there is one window for the volume or one per frame, each of positive width")
        if self.view not in PATIENT_ORIENTATION:
            raise InvalidInput(f"no patient orientation is defined for view {self.view.value}")
        if self.sweep.projections < 2 or self.sweep.end_degrees <= self.sweep.start_degrees:
            raise InvalidInput("a sweep has at least two projections and goes from the lower to the higher angle")

    @property
    def sop_class_uid(self) -> str:
        """Breast Tomosynthesis Image Storage."""
        return BreastTomosynthesisImageStorage


def bto_dataset(image: BtoPixels, transfer_syntax: str = ExplicitVRLittleEndian) -> Dataset:
    """The object with its file meta information.

    `transfer_syntax` is one of `mg_encode.TRANSFER_SYNTAXES`. Raises InvalidInput for another one.
    """
    dataset = Dataset()
    bto_modules.general(dataset, image)
    bto_modules.pixel_description(dataset, image)
    mg_modules.breast_view(dataset, image)
    bto_modules.acquisition(dataset, image)
    bto_groups.dimensions(dataset, image)
    bto_groups.functional_groups(dataset, image)
    encode(dataset, image.slices, transfer_syntax)
    return dataset


def write_bto(image: BtoPixels, path: Path, transfer_syntax: str = ExplicitVRLittleEndian) -> None:
    """Write the object to `path`. Raises InvalidInput like `bto_dataset`."""
    bto_dataset(image, transfer_syntax).save_as(path, enforce_file_format=True)

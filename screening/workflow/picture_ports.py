"""What the use cases need to see an image: pictures and volumes as a reader should see them, and where they come from.

Part of `ports`, which is where others import these names from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from screening.domain.geometry import Flip
from screening.domain.quality import ReasonCode
from screening.domain.study import Image


@dataclass(frozen=True)
class PresentationImage:
    """Pixels as a reader should see them.

    `pixels` is float32 (rows, columns) in 0..1 after VOI and photometric interpretation, air dark, chest wall at the
    left edge, head up. Spacing in millimetres per pixel. `flip` leads back to the stored pixels.
    """

    pixels: NDArray[np.float32]
    row_spacing_mm: float
    column_spacing_mm: float
    flip: Flip
    warnings: tuple[ReasonCode, ...] = ()


class PresentationVolume(Protocol):
    """A tomosynthesis volume as a reader should see it, one frame in memory at a time.

    Frames are counted from 0 in stored order; `stack` tells how they lie upon each other. Spacing in millimetres per
    pixel, `slice_mm` between neighbouring frames. `flip` leads back to the stored pixels and is the same for every
    frame.
    """

    @property
    def stack(self) -> tuple[int, ...]:
        """Every frame index once, from the detector upwards."""
        ...

    @property
    def frames(self) -> int:
        """How many frames there are."""
        ...

    @property
    def row_spacing_mm(self) -> float:
        """Millimetres from row to row."""
        ...

    @property
    def column_spacing_mm(self) -> float:
        """Millimetres from column to column."""
        ...

    @property
    def slice_mm(self) -> float:
        """Millimetres from frame to frame, positive."""
        ...

    @property
    def flip(self) -> Flip:
        """Leads back to the stored pixels."""
        ...

    @property
    def warnings(self) -> tuple[ReasonCode, ...]:
        """What is odd about the volume without forbidding its use."""
        ...

    def frame(self, index: int) -> NDArray[np.float32]:
        """One frame as `PresentationImage.pixels`. Raises UnusableImage with its reason code."""
        ...


class PixelSource(Protocol):
    """Decodes one image to presentation values, or refuses it."""

    def load(self, image: Image) -> PresentationImage:
        """Decode, check, apply VOI and orientation. Raises UnusableImage with its reason code."""
        ...

    def open_volume(self, image: Image) -> PresentationVolume:
        """Open a tomosynthesis volume and check its middle frames. Raises UnusableImage with its reason code."""
        ...

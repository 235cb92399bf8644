"""What a phantom exam is asked to be and what it turns out to be: plain data, no image formation here."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Box = tuple[float, float, float, float]

Laterality = Literal["L", "R"]
View = Literal["CC", "MLO"]
Density = Literal["a", "b", "c", "d"]
Mode = Literal["fast", "full"]
Implants = Literal["in_place", "displaced"]
LesionKind = Literal[
    "spiculated_mass",
    "circumscribed_mass",
    "calcifications",
    "distortion",
    "asymmetry",
]

LATERALITIES: tuple[Laterality, ...] = ("L", "R")
VIEWS: tuple[View, ...] = ("CC", "MLO")
DENSITIES: tuple[Density, ...] = ("a", "b", "c", "d")
LESION_KINDS: tuple[LesionKind, ...] = (
    "spiculated_mass",
    "circumscribed_mass",
    "calcifications",
    "distortion",
    "asymmetry",
)
MAX_VALUE = 4095
"""Largest stored value of a phantom image: 12 bits, MONOCHROME2, air = 0."""


@dataclass(frozen=True, slots=True)
class LesionSpec:
    """One finding to put into one breast.

    `size_mm` is the diameter today (of the cluster, for calcifications) and `conspicuity` a factor on its contrast
    (1.0 = the kind's ordinary contrast). `position` is (depth, across, height) in the uncompressed breast: depth 0 at
    the nipple and 1 at the chest wall; across -1 lateral to +1 medial; height -1 superior to +1 inferior. Both views
    of the breast show the same position, each compressed its own way. `only_view` hides the finding in the other view,
    as tissue that merely overlaps does. Fields left None are drawn from the exam's seed.
    """

    kind: LesionKind
    malignant: bool
    laterality: Laterality
    size_mm: float | None = None
    conspicuity: float | None = None
    position: tuple[float, float, float] | None = None
    only_view: View | None = None


@dataclass(frozen=True, slots=True)
class Positioning:
    """How the radiographer placed the breast; the defaults are a good image.

    `pectoral` scales the muscle's width and length in MLO (0 = missing, 0.4 = short). `nipple_in_profile` False turns
    the nipple over the breast. `cut_off_mm` is how much of the breast lies beyond the detector's anterior edge. `fold`
    False leaves the inframammary fold off an MLO view.
    """

    pectoral: float = 1.0
    nipple_in_profile: bool = True
    cut_off_mm: float = 0.0
    fold: bool = True


@dataclass(frozen=True, slots=True)
class ExamSpec:
    """A request for one exam of the woman who belongs to a seed.

    `prior_years` = 0 is the current exam; 2 is the same breasts two years earlier, with every lesion smaller or
    absent. `rows`, `cols` and `pixel_mm` set the detector; anatomy is laid out in mm and does not depend on them.
    `mode` "full" samples the tissue finer (in depth above all) than "fast"; lesions and image formation are the same.
    `implants` in place or displaced (Eklund), `folds` of skin and burned-in `markers` may be asked for. `faults` name
    what went wrong at the exposure, as listed in `faults.FAULTS`.
    """

    lesions: tuple[LesionSpec, ...] = ()
    density: Density | None = None
    vendor: str = "style-a"
    prior_years: float = 0.0
    rows: int = 640
    cols: int = 512
    pixel_mm: float = 0.3
    mode: Mode = "fast"
    positioning: Positioning = field(default_factory=Positioning)
    implants: Implants | None = None
    folds: bool = False
    markers: bool = False
    faults: tuple[str, ...] = ()

    def at_full_resolution(self) -> ExamSpec:
        """Return the same exam on a 2294 x 1914 detector at 0.1 mm, as exported to DICOM."""
        return replace(self, rows=2294, cols=1914, pixel_mm=0.1)


@dataclass(frozen=True, slots=True, eq=False)
class LesionTruth:
    """Where a finding really lies in one view.

    `box` is (x0, y0, x1, y1) in stored pixels, origin at the top left corner of the top left pixel, x to the right.
    `mask` is a bool array (rows, cols) of the same image. `height_mm` is the centre's height over the breast support.
    """

    kind: LesionKind
    malignant: bool
    size_mm: float
    box: Box
    mask: NDArray[np.bool_]
    height_mm: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class VolumeTruth:
    """Where a finding lies in a tomosynthesis volume: `LesionTruth` in the plane, and its slices.

    `frame` is the 0-based slice of its centre, `first` and `last` the slices its extent reaches (inclusive).
    """

    kind: LesionKind
    malignant: bool
    size_mm: float
    box: Box
    mask: NDArray[np.bool_]
    frame: float
    first: int
    last: int

    def mask_at(self, frame: int) -> NDArray[np.bool_]:
        """Return the outline bool (rows, cols) of what lies in one 0-based slice; empty outside `first`..`last`.

        A finding is flattened from a ball: its outline narrows towards `first` and `last` as an ellipsoid's section
        does, and is `mask` itself in the slice that holds its centre. The union over all slices is `mask`.
        """
        found = np.zeros_like(self.mask)
        if self.first <= frame <= self.last:
            here, inside = self._section(self._share(frame))
            found[here] = inside
        return found

    def _share(self, frame: int) -> float:
        """Width of the section at its widest within a slice, over that of the whole finding."""
        end = self.last - self.frame if frame > self.frame else self.frame - self.first
        off = max(0.0, abs(frame - self.frame) - 0.5) / (max(end, 0.0) + 0.5)
        return math.sqrt(max(0.0, 1.0 - off**2))

    def _section(self, share: float) -> tuple[tuple[slice, slice], NDArray[np.bool_]]:
        """Where the finding's box lies in the image, and its outline shrunk by `share` about the box's middle."""
        x0, y0, x1, y1 = (round(edge) for edge in self.box)
        across, down = (_shrunk(low, high, share) for low, high in ((x0, x1), (y0, y1)))
        whole = self.mask[y0:y1, x0:x1]
        inside = whole[np.ix_(np.clip(down, 0, len(down) - 1), np.clip(across, 0, len(across) - 1))]
        fits = ((down >= 0) & (down < len(down)))[:, None] & (across >= 0) & (across < len(across))
        return (slice(y0, y1), slice(x0, x1)), inside & fits


def _shrunk(low: int, high: int, share: float) -> NDArray[np.int64]:
    """Index of each pixel of a span before it was shrunk about its middle; outside 0..length where nothing is left."""
    middle = (high - low) / 2
    before = (np.arange(high - low) + 0.5 - middle) / max(share, 1e-9) + middle
    return np.asarray(np.floor(before), np.int64)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Imaged:
    """What a mammogram and a volume of one view have in common.

    A right breast has its chest wall at the right edge (Patient Orientation P, L), a left breast at the left edge (A,
    R). `breast_mask` is bool (rows, cols). `gland_fraction` is the share of the breast's volume that is gland.
    """

    laterality: Laterality
    view: View
    pixel_mm: float
    density: Density
    lesions: tuple[LesionTruth, ...] | tuple[VolumeTruth, ...]
    breast_mask: NDArray[np.bool_]
    gland_fraction: float = 0.0
    faults: tuple[str, ...] = ()

    @property
    def malignant(self) -> bool:
        """Whether it shows a malignant finding."""
        return any(lesion.malignant for lesion in self.lesions)

    @property
    def patient_orientation(self) -> tuple[str, str]:
        """Patient Orientation (0020,0020) as (row direction, column direction)."""
        return ("A", "R") if self.laterality == "L" else ("P", "L")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PhantomView(Imaged):
    """One image as a detector would deliver it For Presentation: `pixels` uint16 (rows, cols), 0..4095.

    MONOCHROME2, air = 0.
    """

    pixels: NDArray[np.uint16]
    lesions: tuple[LesionTruth, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PhantomVolume(Imaged):
    """One tomosynthesis volume For Presentation: `slices` uint16 (n, rows, cols), 0..4095, from the breast support up.

    Air = 0; `slice_mm` is the distance between slices.
    """

    slices: NDArray[np.uint16]
    slice_mm: float
    lesions: tuple[VolumeTruth, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PhantomExam:
    """Four views in the order L-CC, L-MLO, R-CC, R-MLO, with the request they answer."""

    seed: int
    spec: ExamSpec
    density: Density
    views: tuple[PhantomView, ...]

    def view(self, laterality: Laterality, view: View) -> PhantomView:
        """Return the one image of that breast and projection."""
        return next(v for v in self.views if (v.laterality, v.view) == (laterality, view))

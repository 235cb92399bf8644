"""Grey values as the maker wants them shown: rescale, VOI, polarity and padding folded into one lookup table.

The table has an entry per possible stored value, so that the pixel path is a single indexed read (PS3.4 N.2). It maps
to 0..1 by the path's own output range; it never looks at the pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from screening.dicom.elements import integer, items, number, numbers, path, text, value
from screening.domain.quality import ReasonCode

Values = NDArray[np.float64]


@dataclass(frozen=True)
class VoiTable:
    """Presentation value 0..1 per stored value: `table[stored + offset]`; `offset` is 0 for unsigned pixels."""

    table: NDArray[np.float32]
    offset: int
    warnings: tuple[ReasonCode, ...] = ()

    def apply(self, stored: NDArray[np.integer]) -> NDArray[np.float32]:
        """Presentation values, same shape, float32 in 0..1."""
        index = stored if self.offset == 0 else stored.astype(np.int32) + self.offset
        return self.table[index]


def voi_table(ds: Dataset, bits_stored: int, signed: bool, frame: int | None = None) -> VoiTable:
    """The table of an image, or of one frame (from 0) of a multi-frame object by its functional groups.

    A VOI that cannot be used gives the full range and WINDOW_UNUSABLE.
    """
    offset = 1 << (bits_stored - 1) if signed else 0
    stored = np.arange(1 << bits_stored, dtype=np.float64) - offset
    rescaled, ends = _rescale(functional_group(ds, "PixelValueTransformationSequence", frame), stored)
    shown = _voi(functional_group(ds, "FrameVOILUTSequence", frame), rescaled)
    warnings: tuple[ReasonCode, ...] = ()
    if shown is None:
        shown, warnings = (rescaled - ends[0]) / max(ends[1] - ends[0], 1e-9), (ReasonCode.WINDOW_UNUSABLE,)
    if is_inverted(ds):
        shown = 1.0 - shown
    shown[_padding(ds, stored)] = 0.0
    return VoiTable(np.clip(shown, 0.0, 1.0).astype(np.float32), offset, warnings)


def is_inverted(ds: Dataset) -> bool:
    """Whether the lowest value is white: MONOCHROME1, or Presentation LUT Shape INVERSE (PS3.3 C.8.11.3.1.2)."""
    return text(ds, "PhotometricInterpretation") == "MONOCHROME1" or text(ds, "PresentationLUTShape") == "INVERSE"


def functional_group(ds: Dataset, keyword: str, frame: int | None) -> Dataset:
    """The functional group macro of a frame, per-frame before shared (PS3.3 C.7.6.16), else the data set itself."""
    per_frame = items(ds, "PerFrameFunctionalGroupsSequence")
    if frame is not None and frame < len(per_frame):
        found = path(per_frame[frame], keyword)
        if found is not None:
            return found
    shared = path(ds, "SharedFunctionalGroupsSequence", keyword)
    return shared if shared is not None else ds


def _rescale(ds: Dataset, stored: Values) -> tuple[Values, tuple[float, float]]:
    """Modality transformation (PS3.3 C.11.1) and the ends of its output range; slope 0 counts as none."""
    slope, intercept = number(ds, "RescaleSlope"), number(ds, "RescaleIntercept")
    found = stored * (slope or 1.0) + (intercept or 0.0) if slope is not None else stored
    return found, (float(found.min()), float(found.max()))


def _voi(ds: Dataset, x: Values) -> Values | None:
    """VOI LUT Sequence first, else window 1 (PS3.3 C.11.2.1); None when neither can be used."""
    tables = items(ds, "VOILUTSequence")
    found = _lookup(tables[0], x) if tables else None
    return found if found is not None else _window(ds, x)


def lut_of(ds: Dataset, bits_stored: int) -> Dataset | None:
    """The VOI LUT item that is used for a data set or functional group; None when there is none that can be."""
    tables = items(ds, "VOILUTSequence")
    usable = tables and _lookup(tables[0], np.arange(1 << bits_stored, dtype=np.float64)) is not None
    return tables[0] if usable else None


def window_of(ds: Dataset) -> tuple[float, float, str] | None:
    """Centre, width and function of the window that is used where no VOI LUT is; None when it cannot be used."""
    center, width = number(ds, "WindowCenter"), number(ds, "WindowWidth")
    if center is None or width is None or _window(ds, np.zeros(1)) is None:
        return None
    return center, width, text(ds, "VOILUTFunction").upper()


def _lookup(item: Dataset, x: Values) -> Values | None:
    """VOI LUT (PS3.3 C.11.2.1.1): values before the first mapped take the first entry, those after take the last."""
    descriptor = numbers(item, "LUTDescriptor")
    if len(descriptor) != 3:
        return None
    count, first, bits = int(descriptor[0]) or 65_536, descriptor[1], int(descriptor[2])
    entries = _lut_entries(item, count)
    if entries is None or not 1 <= bits <= 16 or entries.max() > (1 << bits) - 1:
        return None
    if first > x.max():  # a negative first value read as unsigned
        first -= 65_536
    index = np.clip(x - first, 0, count - 1).astype(np.intp)
    return entries[index] / float((1 << bits) - 1)


def _lut_entries(item: Dataset, count: int) -> Values | None:
    """LUT Data as numbers, whether stored as US or OW, 16 or packed 8 bits; None when the count is wrong."""
    data = value(item, "LUTData")
    if isinstance(data, bytes):
        width = "u1" if len(data) in (count, count + 1) else "<u2"
        found = np.frombuffer(data[: len(data) - len(data) % np.dtype(width).itemsize], dtype=width).astype(np.float64)
    else:
        found = np.asarray(numbers(item, "LUTData"), dtype=np.float64)
    return found[:count] if found.size >= count else None


def _linear(x: Values, center: float, width: float) -> Values | None:
    """PS3.3 C.11.2.1.2.1."""
    if width < 1:
        return None
    if width == 1:
        return (x > center - 0.5).astype(np.float64)
    return np.clip((x - (center - 0.5)) / (width - 1) + 0.5, 0.0, 1.0)


def _linear_exact(x: Values, center: float, width: float) -> Values | None:
    """PS3.3 C.11.2.1.3.2."""
    return np.clip((x - center) / width + 0.5, 0.0, 1.0) if width > 0 else None


def _sigmoid(x: Values, center: float, width: float) -> Values | None:
    """PS3.3 C.11.2.1.3.1."""
    return 1.0 / (1.0 + np.exp(np.clip(-4.0 * (x - center) / width, -700.0, 700.0))) if width > 0 else None


_FUNCTIONS: dict[str, Callable[[Values, float, float], Values | None]] = {
    "": _linear,
    "LINEAR": _linear,
    "LINEAR_EXACT": _linear_exact,
    "SIGMOID": _sigmoid,
}


def _window(ds: Dataset, x: Values) -> Values | None:
    """The first window, by its VOI LUT Function; None when empty, of no width or of unknown function."""
    center, width = number(ds, "WindowCenter"), number(ds, "WindowWidth")
    function = _FUNCTIONS.get(text(ds, "VOILUTFunction").upper())
    return function(x, center, width) if function and center is not None and width is not None else None


def _padding(ds: Dataset, stored: Values) -> NDArray[np.bool_]:
    """Stored values that mark the outside of the image (PS3.3 C.7.5.1.1.2), inclusive at both ends."""
    first = _padding_value(ds, "PixelPaddingValue", stored)
    if first is None:
        return np.zeros(stored.shape, dtype=np.bool_)
    limit = _padding_value(ds, "PixelPaddingRangeLimit", stored)
    low, high = sorted((first, first if limit is None else limit))
    return (stored >= low) & (stored <= high)


def _padding_value(ds: Dataset, keyword: str, stored: Values) -> int | None:
    """Padding as a stored value, also when written as US for signed pixels or the reverse; None when out of range."""
    found = integer(ds, keyword)
    if found is None:
        return None
    candidates = (found, found + 65_536, found - 65_536)
    return next((item for item in candidates if stored.min() <= item <= stored.max()), None)

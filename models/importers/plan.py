"""Preprocessing of imported models as data: one plan per model, stored in its card and hashed with its constants.

A plan says how the published code brought an image to its network, as far as presentation values allow. Whoever
changes a step makes another preprocessing: raise `VERSION`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from torch.nn import functional

from models import preprocess
from models.errors import CardInvalid
from models.preprocess import PreparedView, ViewTransform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Box = tuple[float, float, float, float]

VERSION = "1"
_KEPT_NOTES = frozenset({"no_breast", "breast_cut_off", "low_contrast"})


@dataclass(frozen=True, slots=True)
class Plan:
    """How an image becomes the network's input; lengths in input pixels.

    `crop`: `breast` cuts the breast's bounding box out first, `none` takes the whole image. `fit`: `window` keeps the
    detector's pixels and cuts or pads to `rows` x `cols` at the chest wall, centred on the breast; `letterbox` scales
    with its aspect and pads on both sides; `stretch` scales each axis for itself. `white` is the grey value of
    presentation value 1; `whole_numbers` truncates to whole grey values as an 8-bit file does. `normalise`: `image`
    to zero mean and unit deviation of the input, padding included; `fixed` by `mean` and `deviation` in grey values,
    one per channel.
    """

    name: str
    crop: Literal["breast", "none"]
    fit: Literal["window", "letterbox", "stretch"]
    rows: int
    cols: int
    white: float
    whole_numbers: bool
    antialias: bool
    normalise: Literal["image", "fixed"]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    @property
    def identity(self) -> tuple[str, str]:
        """Return (id, sha256): over the version, every constant here and the breast finder's own hash."""
        content = {"version": VERSION, "breast": preprocess.identity()[1], **asdict(self)}
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        return f"{self.name}-{VERSION}", digest

    def prepare(self, pixels01: NDArray[np.float32], pixel_mm: float) -> PreparedView:
        """Return the view as the network wants it; `array` is float32 (channels, rows, cols).

        Input as for `models.preprocess.prepare`: presentation values 0..1, air dark, chest wall LEFT. Raises
        InputInvalid.
        """
        found = preprocess.prepare(pixels01, pixel_mm)
        box = _breast_box(found) if self.crop == "breast" else _whole(pixels01)
        grey, transform = self._placed(np.asarray(pixels01, np.float32), box)
        array, mean, deviation = self._normalised(np.trunc(grey) if self.whole_numbers else grey)
        return replace(
            found,
            array=array,
            breast=_same_place(found, transform, (self.rows, self.cols)),
            transform=transform,
            notes=tuple(note for note in found.notes if note in _KEPT_NOTES),
            mean=mean,
            deviation=deviation,
        )

    def _placed(self, pixels01: NDArray[np.float32], box: Box) -> tuple[NDArray[np.float32], Placement]:
        """Grey values on the input grid, 0 where there is no image, and where they came from."""
        if self.fit == "window":
            transform = Placement(box[0], (box[1] + box[3] - self.rows) // 2, 1.0, 1.0)
            return self._pasted(pixels01 * self.white, -int(transform.offset_x), -int(transform.offset_y)), transform
        x0, y0, x1, y1 = (round(edge) for edge in box)
        rows, cols, top, left = self._size(y1 - y0, x1 - x0)
        scaled = _resized(pixels01[y0:y1, x0:x1] * self.white, rows, cols, self.antialias)
        scale_x, scale_y = cols / (x1 - x0), rows / (y1 - y0)
        return self._pasted(scaled, left, top), Placement(x0 - left / scale_x, y0 - top / scale_y, scale_x, scale_y)

    def _size(self, rows: int, cols: int) -> tuple[int, int, int, int]:
        """Size of the scaled image and its top left corner on the input grid."""
        if self.fit == "stretch":
            return self.rows, self.cols, 0, 0
        scale = min(self.rows / rows, self.cols / cols)
        height, width = max(1, int(rows * scale)), max(1, int(cols * scale))
        return height, width, (self.rows - height) // 2, (self.cols - width) // 2

    def _pasted(self, image: NDArray[np.float32], left: int, top: int) -> NDArray[np.float32]:
        """Cut or pad with zeros: pixel (0, 0) of the image comes to (top, left) of the grid."""
        grid = np.zeros((self.rows, self.cols), np.float32)
        source = image[max(0, -top) : self.rows - top, max(0, -left) : self.cols - left]
        top, left = max(0, top), max(0, left)
        grid[top : top + source.shape[0], left : left + source.shape[1]] = source
        return grid

    def _normalised(self, grey: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, float]:
        """The channels, and the mean and deviation the first of them was normalised by, in grey values."""
        if self.normalise == "image":
            mean, deviation = float(grey.mean(dtype=np.float64)), max(float(grey.std(dtype=np.float64)), 1e-4)
            return ((grey - mean) / deviation).astype(np.float32)[None], mean, deviation
        pairs = zip(self.mean, self.deviation, strict=True)
        channels = np.stack([(grey - mean) / deviation for mean, deviation in pairs])
        return channels.astype(np.float32), self.mean[0], self.deviation[0]


@dataclass(frozen=True, slots=True)
class Placement(ViewTransform):
    """A transform with a scale of its own for each axis: `scale` along x, `scale_y` along y."""

    scale_y: float

    def point_to_input(self, x: float, y: float) -> tuple[float, float]:
        """Caller's coordinates -> input coordinates."""
        return (x - self.offset_x) * self.scale, (y - self.offset_y) * self.scale_y

    def point_to_source(self, x: float, y: float) -> tuple[float, float]:
        """Input coordinates -> caller's coordinates."""
        return x / self.scale + self.offset_x, y / self.scale_y + self.offset_y

    def cells(self, step_x: float, step_y: float) -> Placement:
        """Return the transform to cells of `step_x` x `step_y` input pixels."""
        return Placement(self.offset_x, self.offset_y, self.scale / step_x, self.scale_y / step_y)


def from_table(table: Mapping[str, object]) -> Plan:
    """Return the plan a card stores. Raises CardInvalid when a field is missing, unknown or of another kind."""
    names = {field.name for field in fields(Plan)}
    if set(table) != names:
        raise CardInvalid(f"preprocessing plan: fields differ: {', '.join(sorted(set(table) ^ names))}")
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    try:
        plan = Plan(**values)  # type: ignore[arg-type]
        np.zeros((plan.rows, plan.cols, len(plan.mean)))
    except (TypeError, ValueError) as error:
        raise CardInvalid(f"preprocessing plan: {error}") from error
    return plan


def _breast_box(found: PreparedView) -> Box:
    """The breast's bounding box in the caller's pixels; the whole image where no breast was found."""
    if not found.breast.any():
        return _whole(found.pixels)
    rows, cols = np.flatnonzero(found.breast.any(1)), np.flatnonzero(found.breast.any(0))
    x0, y0, x1, y1 = found.transform.box_to_source((cols[0], rows[0], cols[-1] + 1, rows[-1] + 1))
    height, width = found.source_shape
    return (
        float(max(0, round(x0))),
        float(max(0, round(y0))),
        float(min(width, round(x1))),
        float(min(height, round(y1))),
    )


def _whole(pixels: NDArray[np.float32]) -> Box:
    return 0.0, 0.0, float(pixels.shape[1]), float(pixels.shape[0])


def _resized(image: NDArray[np.float32], rows: int, cols: int, antialias: bool) -> NDArray[np.float32]:
    tensor = torch.from_numpy(np.ascontiguousarray(image))[None, None]
    scaled = functional.interpolate(tensor, (rows, cols), mode="bilinear", align_corners=False, antialias=antialias)
    return np.asarray(scaled[0, 0].numpy(), np.float32)


def _same_place(found: PreparedView, transform: Placement, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The breast mask on another grid, by nearest cell."""
    rows, cols = found.breast.shape
    x = (np.arange(shape[1]) + 0.5) / transform.scale + transform.offset_x
    y = (np.arange(shape[0]) + 0.5) / transform.scale_y + transform.offset_y
    column = np.floor((x - found.transform.offset_x) * found.transform.scale).astype(np.int64)
    row = np.floor((y - found.transform.offset_y) * found.transform.scale).astype(np.int64)
    inside = ((row >= 0) & (row < rows))[:, None] & ((column >= 0) & (column < cols))[None]
    picked = found.breast[np.ix_(np.clip(row, 0, rows - 1), np.clip(column, 0, cols - 1))]
    return np.asarray(picked & inside)

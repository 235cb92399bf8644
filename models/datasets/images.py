"""Opens the image of a row: presentation values 0..1, chest wall left, boxes turned with it.

PNG is read here. DICOM is not: whoever may read it hands in a `ReadPixels`, as the service's command line does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from models.errors import InputInvalid

if TYPE_CHECKING:
    from models.datasets.frame import Box, ImageRow

ReadPixels = Callable[[Path], tuple[NDArray[np.float32], float]]
"""Path -> (float32 (rows, cols) of presentation values 0..1, air dark; pixel spacing in mm)."""


@dataclass(frozen=True, slots=True, eq=False)
class LoadedImage:
    """`pixels01` float32 (rows, cols) 0..1, chest wall LEFT; `boxes` in its pixels; `mirrored` against the file."""

    pixels01: NDArray[np.float32]
    pixel_mm: float
    boxes: tuple[Box, ...]
    mirrored: bool


def png_reader(pixel_mm: float, white: float | None = None) -> ReadPixels:
    """Return a reader of grey PNG files, which do not say their spacing.

    `white` is the grey value of presentation value 1; None takes the container's largest, 255 or 65535. State it for
    12-bit images in a 16-bit container: the container does not tell. The reader raises InputInvalid for any other file.
    """

    def read_png(path: Path) -> tuple[NDArray[np.float32], float]:
        try:
            with Image.open(path) as image:
                pixels = np.asarray(image)
        except (UnidentifiedImageError, OSError) as error:
            raise InputInvalid(f"{path.name} is not an image that can be read here") from error
        if pixels.ndim != 2 or pixels.dtype == np.bool_:
            raise InputInvalid(f"{path.name} is not a grey image")
        top = white or (255.0 if pixels.dtype == np.uint8 else 65535.0)
        return np.clip(pixels.astype(np.float32) / top, 0.0, 1.0), pixel_mm

    return read_png


def load(row: ImageRow, read_pixels: ReadPixels) -> LoadedImage:
    """Return a row's image with the chest wall at the left edge.

    Which side the breast is on is read off the pixels, because files of public sets do not keep to one convention.
    Raises InputInvalid for an excluded row, an image that cannot be read, or a box outside the image.
    """
    if row.excluded is not None or row.path is None:
        raise InputInvalid(f"the image is excluded: {row.excluded or 'image_missing'}")
    pixels, pixel_mm = read_pixels(row.path)
    rows, cols = pixels.shape
    if any(not (0 <= box.x0 < box.x1 <= cols and 0 <= box.y0 < box.y1 <= rows) for box in row.boxes):
        raise InputInvalid(f"{row.path.name} of {cols} x {rows} pixels has an outline beyond its edge")
    mirrored = _heavier_right(pixels)
    boxes = tuple(replace(box, x0=cols - box.x1, x1=cols - box.x0) if mirrored else box for box in row.boxes)
    shown = pixels[:, ::-1] if mirrored else pixels
    return LoadedImage(np.ascontiguousarray(shown, np.float32), pixel_mm, boxes, mirrored)


def _heavier_right(pixels: NDArray[np.float32]) -> bool:
    """Whether the outer quarter at the right holds more of the image's light than that at the left."""
    quarter = max(1, pixels.shape[1] // 4)
    return float(pixels[:, -quarter:].mean()) > float(pixels[:, :quarter].mean())

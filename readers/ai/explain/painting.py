"""Pictures of an explanation as PNG: the view under its saliency, and each mark at full resolution.

Everything is shown as films are hung: the chest wall of a right breast at the right. The colours run from dark red to
pale yellow with rising lightness, so they keep their order for colour-blind eyes and in grey print.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont

from readers.ai.explain.saliency import SaliencyMap
from screening.domain.geometry import Box, window_around
from screening.workflow.ports import PresentationImage

Colour = tuple[int, int, int]
VIEW_HEIGHT: Final = 1000
"""Height of a view on its saliency picture."""

CROP_MM: Final = 30.0
"""Least side of a crop: a mark is judged in its surroundings."""

LEAST_CROP_SIDE: Final = 360
"""A crop with fewer pixels is enlarged by whole steps, without smoothing."""

STOPS: Final = np.array([(120, 0, 40), (213, 60, 0), (240, 150, 0), (255, 240, 130)], np.float32)
STRONGEST, GAIN = 0.65, 0.7
"""Opacity at saliency 1, and the power by which it falls towards 0: weak evidence still shows."""

GROUND, TEXT, DIM, MARK = (14, 17, 22), (230, 237, 243), (154, 164, 175), (86, 180, 233)
BAND, PAD, TEXT_SIZE = 92, 14, 17


def colours(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """RGB 0..255 (..., 3) of saliency values 0..1."""
    at = np.clip(values, 0, 1) * (len(STOPS) - 1)
    low = np.minimum(at.astype(int), len(STOPS) - 2)
    share = (at - low)[..., None]
    mixed: NDArray[np.float32] = STOPS[low] * (1 - share) + STOPS[low + 1] * share
    return mixed


def overlay(
    picture: PresentationImage,
    saliency: SaliencyMap | None,
    marks: Mapping[int, Box],
    mirrored: bool,
    words: Sequence[str],
) -> bytes:
    """A view with its saliency and its marks, legend and words below, as PNG.

    `marks` are boxes in picture pixels by the number of the mark in the read.
    """
    rows, columns = picture.pixels.shape
    scale = min(1.0, VIEW_HEIGHT / rows)
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    grey = _grey(picture.pixels, size)
    if saliency is not None:
        grey = _blend(grey, saliency, scale)
    shown = grey[:, ::-1] if mirrored else grey
    width = max(size[0], 420)
    canvas = PilImage.new("RGB", (width, size[1] + BAND + 22 * len(words)), GROUND)
    canvas.paste(PilImage.fromarray(np.ascontiguousarray(shown)), (width - size[0] if mirrored else 0, 0))
    draw = ImageDraw.Draw(canvas)
    for number, box in marks.items():
        _mark(draw, _placed(box, scale, size[0], mirrored, width), str(number))
    _legend(canvas, draw, size[1] + 12, saliency is not None)
    for line, text in enumerate(words):
        draw.text((PAD, size[1] + BAND - 12 + 22 * line), _plain(text), fill=DIM if line else TEXT, font=_font())
    return _png(canvas)


def crop(picture: PresentationImage, mark: Box, mirrored: bool) -> bytes:
    """The surroundings of a mark at full resolution with its box and a 10 mm bar, as PNG."""
    rows, columns = picture.pixels.shape
    x0, y0, x1, y1 = window_around(mark, rows, columns, CROP_MM / picture.column_spacing_mm)
    cut = np.clip(picture.pixels[y0:y1, x0:x1], 0, 1)
    step = max(1, -(-LEAST_CROP_SIDE // (x1 - x0)))
    grey = np.asarray(cut * 255 + 0.5, np.uint8).repeat(step, 0).repeat(step, 1)
    shown = np.ascontiguousarray(grey[:, ::-1] if mirrored else grey)
    canvas = PilImage.fromarray(shown).convert("RGB")
    draw = ImageDraw.Draw(canvas)
    inside = (mark[0] - x0, mark[1] - y0, mark[2] - x0, mark[3] - y0)
    _mark(draw, _placed(inside, step, canvas.width, mirrored, canvas.width), "")
    _bar(draw, canvas.height, round(10.0 / picture.column_spacing_mm * step))
    return _png(canvas)


def _grey(pixels: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.uint8]:
    grey = PilImage.fromarray(np.asarray(np.clip(pixels, 0, 1) * 255 + 0.5, np.uint8))
    small = grey.resize(size, PilImage.Resampling.LANCZOS, reducing_gap=3.0)
    return np.repeat(np.asarray(small)[..., None], 3, axis=2)


def _blend(grey: NDArray[np.uint8], saliency: SaliencyMap, scale: float) -> NDArray[np.uint8]:
    """The picture under its saliency: the stronger the evidence, the less of the picture shows through."""
    values = _on_grid(saliency, grey.shape[:2], scale)
    opacity = STRONGEST * values[..., None] ** GAIN
    mixed = grey * (1 - opacity) + colours(values) * opacity
    return np.asarray(mixed + 0.5, np.uint8)


def _on_grid(saliency: SaliencyMap, shape: tuple[int, ...], scale: float) -> NDArray[np.float32]:
    """Saliency of every pixel of a scaled picture, 0 outside the cells."""
    x0, y0, x1, y1 = (round(value * scale) for value in saliency.box)
    cells = PilImage.fromarray(np.asarray(saliency.cells, np.float32))
    wide = np.asarray(cells.resize((max(1, x1 - x0), max(1, y1 - y0)), PilImage.Resampling.BILINEAR))
    grid = np.zeros(shape, np.float32)
    top, left, bottom, right = max(y0, 0), max(x0, 0), min(y1, shape[0]), min(x1, shape[1])
    if top < bottom and left < right:
        grid[top:bottom, left:right] = wide[top - y0 : bottom - y0, left - x0 : right - x0]
    return np.clip(grid, 0, 1)


def _placed(box: Box, scale: float, picture_width: int, mirrored: bool, width: int) -> Box:
    x0, y0, x1, y1 = (value * scale for value in box)
    if mirrored:
        x0, x1 = picture_width - x1, picture_width - x0
    shift = width - picture_width if mirrored else 0
    return x0 + shift, y0, x1 + shift, y1


def _mark(draw: ImageDraw.ImageDraw, box: Box, name: str) -> None:
    x0, y0, x1, y1 = box
    draw.rectangle((x0 - 1, y0 - 1, max(x1, x0 + 2), max(y1, y0 + 2)), outline=MARK, width=2)
    if name:
        draw.text((x0 + 4, max(y0 - 22, 0)), name, fill=MARK, font=_font())


def _legend(canvas: PilImage.Image, draw: ImageDraw.ImageDraw, y: int, shown: bool) -> None:
    if not shown:
        draw.text((PAD, y), "No saliency map for this view", fill=DIM, font=_font())
        return
    ramp = np.linspace(0, 1, 180, dtype=np.float32)
    strip = np.repeat(np.asarray(colours(ramp), np.uint8)[None], 14, axis=0)
    canvas.paste(PilImage.fromarray(strip), (PAD, y))
    draw.text((PAD, y + 18), "0", fill=DIM, font=_font())
    draw.text((PAD + 170, y + 18), "1", fill=DIM, font=_font())
    draw.text((PAD + 195, y - 4), "raw evidence of cancer,", fill=DIM, font=_font())
    draw.text((PAD + 195, y + 16), "uncalibrated", fill=DIM, font=_font())


def _bar(draw: ImageDraw.ImageDraw, height: int, length: int) -> None:
    y = height - 12
    draw.line((10, y, 10 + length, y), fill=TEXT, width=3)
    draw.text((10, y - 24), "10 mm", fill=TEXT, font=_font())


def _font() -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size=TEXT_SIZE)


def _plain(text: str) -> str:
    return text.encode("ascii", "replace").decode("ascii")


def _png(canvas: PilImage.Image) -> bytes:
    out = BytesIO()
    canvas.save(out, format="PNG", optimize=False)
    return out.getvalue()

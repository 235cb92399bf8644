"""Where a box on the image as shown lies in the stored pixels.

Coordinates are continuous: origin at the top-left corner of the top-left pixel, x along columns, y along rows, so
that the centre of the first pixel is (0.5, 0.5) (PS3.3 C.18.6.1.2).
"""

from __future__ import annotations

from dataclasses import dataclass

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 with x0 <= x1 and y0 <= y1."""


@dataclass(frozen=True)
class Flip:
    """Mirroring that turned stored pixels of `rows` x `columns` into the image as shown; its own inverse."""

    rows: int
    columns: int
    horizontal: bool
    vertical: bool

    def to_stored(self, box: Box) -> Box:
        """The box in stored pixel coordinates, clipped to the image.

        >>> Flip(100, 50, horizontal=True, vertical=False).to_stored((0.0, 10.0, 5.0, 20.0))
        (45.0, 10.0, 50.0, 20.0)
        """
        x0, y0, x1, y1 = box
        if self.horizontal:
            x0, x1 = self.columns - x1, self.columns - x0
        if self.vertical:
            y0, y1 = self.rows - y1, self.rows - y0
        clip_x, clip_y = float(self.columns), float(self.rows)
        return _within(x0, clip_x), _within(y0, clip_y), _within(x1, clip_x), _within(y1, clip_y)


def _within(value: float, limit: float) -> float:
    return min(max(0.0, value), limit)


def window_around(box: Box, rows: int, columns: int, least_px: float, margin: float = 1.8) -> tuple[int, int, int, int]:
    """A square window around a box, in whole pixels, inside an image of `rows` x `columns`.

    Its side is `margin` times the longer side of the box, at least `least_px`, and at most what the image has; near an
    edge it is moved, not cut.

    >>> window_around((0.0, 10.0, 20.0, 20.0), 100, 80, least_px=30)
    (0, 0, 36, 36)
    """
    x0, y0, x1, y1 = box
    side = min(round(max(margin * max(x1 - x0, y1 - y0), least_px, 1.0)), rows, columns)
    left = min(max(round((x0 + x1 - side) / 2), 0), columns - side)
    top = min(max(round((y0 + y1 - side) / 2), 0), rows - side)
    return left, top, left + side, top + side

"""Where the label of a mark goes on the stored image: near its box, inside the image, clear of boxes and labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from screening.domain.geometry import Box

HEIGHT: Final = 0.02
"""Height of a label as a share of the rows."""

LETTER: Final = 0.6
"""Width of a letter as a share of its height."""


def label_box(text: str, mark: Box, shape: tuple[int, int], taken: Iterable[Box]) -> Box:
    """A place for the text on an image of `shape` (rows, columns): above the mark, else below it, else farther off.

    Stored pixel coordinates like the mark's. Where there is no free place the first one is taken: a label may then
    cover another, but never lie outside the image.
    """
    rows, columns = shape
    height = max(1.0, HEIGHT * rows)
    size = min(columns * 1.0, LETTER * height * len(text)), min(rows * 1.0, height)
    others = [*taken]
    places = [_inside(place, shape) for place in _places(mark, size)]
    free = (place for place in places if not any(_touch(place, other) for other in (mark, *others)))
    return next(free, places[0])


def _places(mark: Box, size: tuple[float, float]) -> Iterator[Box]:
    """Candidates, nearest first."""
    x0, y0, _, y1 = mark
    width, height = size
    for step in range(8):
        for top in (y0 - (1.3 + 1.3 * step) * height, y1 + (0.3 + 1.3 * step) * height):
            yield x0, top, x0 + width, top + height


def _inside(place: Box, shape: tuple[int, int]) -> Box:
    """The place moved into the image."""
    rows, columns = shape
    x0, y0, x1, y1 = place
    right = min(max(x0, 0.0), columns - (x1 - x0)) - x0
    down = min(max(y0, 0.0), rows - (y1 - y0)) - y0
    return x0 + right, y0 + down, x1 + right, y1 + down


def _touch(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]

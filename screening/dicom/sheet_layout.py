"""Where things stand on a contact sheet: cells, pictures at one scale, marks and labels; pure geometry.

Sheet coordinates are pixels, x to the right, y down. All pictures share one scale in millimetres, so that sizes can
be compared; chest walls meet in the middle of the sheet, as films are hung.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from screening.domain.geometry import Box
from screening.domain.study import Laterality, Slot
from screening.workflow.ports import PresentationImage

WIDTH = 1480
MARGIN = 36
GAP = 6
CELL_WIDTH = (WIDTH - 2 * MARGIN - GAP) // 2
CELL_HEIGHT = 800
HANGING: tuple[tuple[Slot, Slot], ...] = ((Slot.RCC, Slot.LCC), (Slot.RMLO, Slot.LMLO))
"""Rows of the sheet, as radiologists hang them: the right breast on the viewer's left."""


@dataclass(frozen=True)
class Rect:
    """A rectangle; the right and lower edges are exclusive."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def middle(self) -> tuple[int, int]:
        """Centre, rounded down."""
        return (self.x0 + self.x1) // 2, (self.y0 + self.y1) // 2

    def nearest(self, point: tuple[int, int]) -> tuple[int, int]:
        """The point of the rectangle that is nearest to `point`."""
        x, y = point
        return min(max(x, self.x0), self.x1 - 1), min(max(y, self.y0), self.y1 - 1)

    def touches(self, other: Rect, gap: int = 4) -> bool:
        """Whether the two come closer than `gap` pixels."""
        apart = (
            self.x1 + gap <= other.x0
            or other.x1 + gap <= self.x0
            or self.y1 + gap <= other.y0
            or other.y1 + gap <= self.y0
        )
        return not apart

    def holds(self, other: Rect) -> bool:
        """Whether the other lies inside."""
        return self.x0 <= other.x0 and self.y0 <= other.y0 and other.x1 <= self.x1 and other.y1 <= self.y1


@dataclass(frozen=True)
class Placed:
    """A picture on the sheet: its rectangle, and whether it is mirrored against the chest-wall-left convention."""

    rect: Rect
    mirrored: bool
    picture: PresentationImage

    def to_sheet(self, stored: Box) -> Rect:
        """A box in stored pixels as a rectangle on the sheet."""
        rows, columns = self.picture.pixels.shape
        x0, y0, x1, y1 = self.picture.flip.to_stored(stored)  # a flip is its own inverse
        if self.mirrored:
            x0, x1 = columns - x1, columns - x0
        across = (self.rect.x1 - self.rect.x0) / columns
        down = (self.rect.y1 - self.rect.y0) / rows
        return Rect(
            round(self.rect.x0 + x0 * across),
            round(self.rect.y0 + y0 * down),
            round(self.rect.x0 + x1 * across),
            round(self.rect.y0 + y1 * down),
        )


def cells(top: int) -> dict[Slot, Rect]:
    """The four cells below a header of height `top`."""
    placed = {}
    for row, pair in enumerate(HANGING):
        for column, slot in enumerate(pair):
            x, y = MARGIN + column * (CELL_WIDTH + GAP), top + row * (CELL_HEIGHT + GAP)
            placed[slot] = Rect(x, y, x + CELL_WIDTH, y + CELL_HEIGHT)
    return placed


def place(pictures: Mapping[Slot, PresentationImage], top: int) -> dict[Slot, Placed]:
    """Pictures in their cells at one scale, chest wall at the inner edge, centred in height."""
    scale = min((_scale(picture) for picture in pictures.values()), default=1.0)
    grid = cells(top)
    return {slot: _placed(slot, picture, grid[slot], scale) for slot, picture in pictures.items()}


def _size_mm(picture: PresentationImage) -> tuple[float, float]:
    rows, columns = picture.pixels.shape
    return columns * picture.column_spacing_mm, rows * picture.row_spacing_mm


def _scale(picture: PresentationImage) -> float:
    width, height = _size_mm(picture)
    return min(CELL_WIDTH / width, CELL_HEIGHT / height)


def _placed(slot: Slot, picture: PresentationImage, cell: Rect, scale: float) -> Placed:
    width, height = (max(1, int(mm * scale)) for mm in _size_mm(picture))
    right = slot.laterality is Laterality.RIGHT
    x = cell.x1 - width if right else cell.x0
    y = cell.y0 + (CELL_HEIGHT - height) // 2
    return Placed(Rect(x, y, x + width, y + height), right, picture)


def place_label(size: tuple[int, int], mark: Rect, cell: Rect, taken: Sequence[Rect]) -> Rect:
    """A place for a label of `size` (width, height) near its mark: inside the cell, clear of everything in `taken`.

    Where nothing is free, the place above the mark, moved into the cell.
    """
    for rect in chain(_beside(size, mark), _nearest_first(size, mark, cell)):
        if cell.holds(rect) and not any(rect.touches(other) for other in taken):
            return rect
    x = min(max(mark.x0, cell.x0), cell.x1 - size[0])
    y = min(max(mark.y0 - size[1], cell.y0), cell.y1 - size[1])
    return Rect(x, y, x + size[0], y + size[1])


def _beside(size: tuple[int, int], mark: Rect) -> Iterator[Rect]:
    width, height = size
    corners = (
        (mark.x0, mark.y0 - height - 5),
        (mark.x0, mark.y1 + 5),
        (mark.x1 - width, mark.y0 - height - 5),
        (mark.x1 - width, mark.y1 + 5),
        (mark.x1 + 5, mark.y0),
        (mark.x0 - width - 5, mark.y0),
    )
    for x, y in corners:
        yield Rect(x, y, x + width, y + height)


def _nearest_first(size: tuple[int, int], mark: Rect, cell: Rect) -> Iterator[Rect]:
    yield from sorted(_everywhere(size, cell), key=lambda rect: _distance(rect, mark))


def _everywhere(size: tuple[int, int], cell: Rect) -> Iterator[Rect]:
    width, height = size
    for y in range(cell.y0, cell.y1 - height + 1, height // 2 + 1):
        for x in range(cell.x0, cell.x1 - width + 1, 24):
            yield Rect(x, y, x + width, y + height)


def _distance(rect: Rect, mark: Rect) -> float:
    across = (rect.x0 + rect.x1 - mark.x0 - mark.x1) / 2
    down = (rect.y0 + rect.y1 - mark.y0 - mark.y1) / 2
    return across * across + 4 * down * down

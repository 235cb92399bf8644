"""One PNG per exam: the four views as hung, the AI's marks, and what the AI says and does not say.

For review and commissioning, not for diagnosis: eight bits, scaled down. It draws what it is given; words come from
`sheet_text`, places from `sheet_layout`. It bears no person's name, and a read that is none says so at the top.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont

from screening.dicom.sheet_layout import (
    CELL_HEIGHT,
    GAP,
    MARGIN,
    WIDTH,
    Placed,
    Rect,
    cells,
    place,
    place_label,
)
from screening.dicom.sheet_text import SheetText, empty_reason, mark_label, sheet_text, slot_name
from screening.domain.ai_read import AiRead, Region
from screening.domain.geometry import Box
from screening.domain.opinion import FindingType
from screening.domain.study import Laterality, Slot, Study
from screening.workflow.ports import PresentationImage

Colour = tuple[int, int, int]
BACKGROUND: Colour = (14, 17, 22)
FILM: Colour = (0, 0, 0)
FRAME: Colour = (48, 54, 61)
TEXT: Colour = (230, 237, 243)
DIM: Colour = (154, 164, 175)
WARNING: Colour = (255, 176, 0)

COLOURS: dict[FindingType, Colour] = {
    FindingType.MASS: (230, 159, 0),
    FindingType.CALCIFICATION: (86, 180, 233),
    FindingType.ARCHITECTURAL_DISTORTION: (0, 190, 140),
    FindingType.ASYMMETRY: (240, 228, 66),
    FindingType.FOCAL_ASYMMETRY: (240, 228, 66),
    FindingType.MASS_WITH_CALCIFICATION: (255, 110, 30),
    FindingType.LYMPH_NODE: (204, 121, 167),
    FindingType.SKIN_LESION: (190, 190, 190),
}
"""Okabe and Ito's colour-blind-safe palette, green and vermilion lightened for a dark ground."""

HUGE, BODY, SMALL = 40, 21, 18
LINE = 29
SMALL_LINE = 25


def render_contact_sheet(study: Study, read: AiRead, pictures: Mapping[Slot, PresentationImage]) -> bytes:
    """The sheet as PNG; slots without a picture say why. The same input gives the same bytes."""
    words = sheet_text(study, read)
    sheet = _Sheet.blank(words)
    sheet.header(words, read.usable)
    placed = place(pictures, sheet.top)
    shown = {fill.slot: fill.sop_instance_uid for fill in read.slots}
    for slot, cell in cells(sheet.top).items():
        sheet.film(cell)
        if slot not in placed:
            sheet.empty(cell, empty_reason(slot, study, read))
            sheet.caption(slot, cell)
            continue
        sheet.picture(placed[slot])
        marks = [region for region in read.regions if region.location.sop_instance_uid == shown.get(slot)]
        sheet.marks(marks, placed[slot], cell, sheet.caption(slot, cell), read.usable)
    sheet.footer(words)
    return sheet.png()


def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size=size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType, so text cannot be scaled")
    return font


def _plain(text: str) -> str:
    """Text in the letters that the bundled font has."""
    return text.encode("ascii", "replace").decode("ascii")


def _width(text: str, size: int) -> int:
    return int(_font(size).getlength(_plain(text)))


def _box_of(region: Region) -> Box:
    location = region.location
    return location.x0, location.y0, location.x1, location.y1


def wrapped(text: str, size: int, width: int) -> list[str]:
    """Lines of at most `width` pixels, broken at spaces; a longer word stands alone."""
    font, lines = _font(size), [""]
    for word in _plain(text).split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


@dataclass
class _Sheet:
    """A canvas with the header's height; draws, decides nothing."""

    canvas: PilImage.Image
    top: int
    draw: ImageDraw.ImageDraw = field(init=False)

    def __post_init__(self) -> None:
        self.draw = ImageDraw.Draw(self.canvas)

    @classmethod
    def blank(cls, words: SheetText) -> _Sheet:
        """A canvas as high as header, two rows of pictures and footer need."""
        top = _header_height(words)
        height = top + 2 * CELL_HEIGHT + GAP + 24 + SMALL_LINE * len(_footer_lines(words)) + MARGIN
        return cls(PilImage.new("RGB", (WIDTH, height), BACKGROUND), top)

    def text(self, x: int, y: int, text: str, size: int, colour: Colour) -> None:
        """One line with its upper left corner at (x, y)."""
        self.draw.text((x, y), _plain(text), fill=colour, font=_font(size))

    def header(self, words: SheetText, usable: bool) -> None:
        """Title and subtitle at the left, breasts at the right, identity below, label in warning colour."""
        self.text(MARGIN, 28, words.title, HUGE, TEXT if usable else WARNING)
        left, right = _header_columns(words)
        for number, line in enumerate(left):
            self.text(MARGIN, 88 + number * LINE, line, BODY, TEXT if usable else WARNING)
        for number, line in enumerate(right):
            self.text(WIDTH // 2 + MARGIN, 88 + number * LINE, line, BODY, TEXT)
        y = 88 + LINE * max(len(left), len(right)) + 10
        for number, line in enumerate(_identity_lines(words)):
            self.text(MARGIN, y + number * SMALL_LINE, line, SMALL, DIM)
        self._label(words.label)

    def _label(self, label: str) -> None:
        if not label:
            return
        width = _width(label, BODY)
        box = (WIDTH - MARGIN - width - 28, 28, WIDTH - MARGIN, 68)
        self.draw.rounded_rectangle(box, radius=6, outline=WARNING, width=2)
        self.text(box[0] + 14, 36, label, BODY, WARNING)

    def picture(self, placed: Placed) -> None:
        """The picture, mirrored for a right breast, on black film."""
        pixels = placed.picture.pixels[:, ::-1] if placed.mirrored else placed.picture.pixels
        grey = np.asarray(np.clip(pixels, 0, 1) * 255 + 0.5, np.uint8)
        size = (placed.rect.x1 - placed.rect.x0, placed.rect.y1 - placed.rect.y0)
        small = PilImage.fromarray(grey).resize(size, PilImage.Resampling.LANCZOS, reducing_gap=3.0)
        self.canvas.paste(small.convert("RGB"), (placed.rect.x0, placed.rect.y0))

    def film(self, cell: Rect) -> None:
        """Black film from edge to edge of the cell."""
        self.draw.rectangle((cell.x0, cell.y0, cell.x1 - 1, cell.y1 - 1), fill=FILM)

    def empty(self, cell: Rect, reason: str) -> None:
        """A framed cell that says why there is no picture."""
        self.draw.rectangle((cell.x0, cell.y0, cell.x1 - 1, cell.y1 - 1), outline=FRAME)
        lines = ["No picture", *wrapped(reason, BODY, cell.x1 - cell.x0 - 160)]
        y = (cell.y0 + cell.y1 - LINE * len(lines)) // 2
        for number, line in enumerate(lines):
            x = (cell.x0 + cell.x1 - _width(line, BODY)) // 2
            self.text(x, y + number * LINE, line, BODY, DIM if number else TEXT)

    def caption(self, slot: Slot, cell: Rect) -> Rect:
        """Side and view in the outer lower corner, clear of markers burnt in above; returns the place it takes."""
        name = slot_name(slot)
        width = _width(name, BODY)
        x = cell.x0 + 12 if slot.laterality is Laterality.RIGHT else cell.x1 - 12 - width
        self.text(x, cell.y1 - 34, name, BODY, TEXT)
        return Rect(x - 6, cell.y1 - 40, x + width + 6, cell.y1 - 4)

    def marks(self, regions: Sequence[Region], placed: Placed, cell: Rect, caption: Rect, usable: bool) -> None:
        """Boxes of all marks (dashed when no read), leaders, then labels clear of boxes, caption and one another."""
        boxes = [placed.to_sheet(_box_of(region)) for region in regions]
        for region, box in zip(regions, boxes, strict=True):
            self._box(box, COLOURS[region.type], dashed=not usable)
        taken, labels = [caption, *boxes], []
        for region, box in zip(regions, boxes, strict=True):
            text = mark_label(region, usable)
            rect = place_label((_width(text, SMALL) + 14, 26), box, cell, taken)
            taken.append(rect)
            labels.append((text, rect, COLOURS[region.type]))
            if not rect.touches(box, gap=6):
                self.draw.line((*rect.middle, *box.nearest(rect.middle)), fill=COLOURS[region.type])
        for label in labels:
            self._mark_label(*label)

    def _box(self, box: Rect, colour: Colour, dashed: bool) -> None:
        x0, y0, x1, y1 = box.x0, box.y0, box.x1 - 1, box.y1 - 1
        if not dashed:
            self.draw.rectangle((x0 - 1, y0 - 1, x1 + 1, y1 + 1), outline=colour, width=3)
            return
        for x in range(x0, x1, 12):
            for y in (y0, y1):
                self.draw.line((x, y, min(x + 6, x1), y), fill=colour, width=3)
        for y in range(y0, y1, 12):
            for x in (x0, x1):
                self.draw.line((x, y, x, min(y + 6, y1)), fill=colour, width=3)

    def _mark_label(self, text: str, rect: Rect, colour: Colour) -> None:
        self.draw.rectangle((rect.x0, rect.y0, rect.x1 - 1, rect.y1 - 1), fill=BACKGROUND, outline=colour)
        self.text(rect.x0 + 7, rect.y0 + 3, text, SMALL, colour)

    def footer(self, words: SheetText) -> None:
        """Excluded images with their reasons, warnings below."""
        y = self.top + 2 * CELL_HEIGHT + GAP + 24
        for number, line in enumerate(_footer_lines(words)):
            self.text(MARGIN, y + number * SMALL_LINE, line, SMALL, DIM if number else TEXT)

    def png(self) -> bytes:
        """The canvas as PNG."""
        out = BytesIO()
        self.canvas.save(out, format="PNG", optimize=False)
        return out.getvalue()


def _header_columns(words: SheetText) -> tuple[list[str], list[str]]:
    width = WIDTH // 2 - 2 * MARGIN
    left = wrapped(words.subtitle, BODY, width)
    right = [line for breast in words.breasts for line in wrapped(breast, BODY, width)]
    return left, right


def _identity_lines(words: SheetText) -> list[str]:
    return [line for part in words.identity for line in wrapped(part, SMALL, WIDTH - 2 * MARGIN)]


def _header_height(words: SheetText) -> int:
    left, right = _header_columns(words)
    return 88 + LINE * max(len(left), len(right)) + 10 + SMALL_LINE * len(_identity_lines(words)) + 18


def _footer_lines(words: SheetText) -> list[str]:
    return [line for part in words.footer for line in wrapped(part, SMALL, WIDTH - 2 * MARGIN)]

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
from PIL import ImageDraw

from screening.dicom.sheet_cards import Card, cards_of
from screening.dicom.sheet_ink import (
    BACKGROUND,
    BODY,
    COLOURS,
    DIM,
    FILM,
    FRAME,
    HUGE,
    LINE,
    SMALL,
    SMALL_LINE,
    TEXT,
    WARNING,
    Colour,
    draw_box,
    font_of,
    plain,
    width_of,
    wrapped,
)
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
from screening.domain.evidence import shown_marks
from screening.domain.geometry import Box
from screening.domain.study import Laterality, Slot, Study
from screening.workflow.ports import PresentationImage

__all__ = ["COLOURS", "render_contact_sheet"]

Numbered = tuple[int, Region]
"""A mark with the number it bears on the sheet: its place in the read, from 1."""


def render_contact_sheet(study: Study, read: AiRead, pictures: Mapping[Slot, PresentationImage]) -> bytes:
    """The sheet as PNG; slots without a picture say why. The same input gives the same bytes."""
    words = sheet_text(study, read)
    cards = cards_of(read, pictures)
    sheet = _Sheet.blank(words, cards)
    sheet.header(words, read.usable)
    placed = place(pictures, sheet.top)
    filled = {fill.slot: fill.sop_instance_uid for fill in read.slots}
    for slot, cell in cells(sheet.top).items():
        sheet.film(cell)
        if slot not in placed:
            sheet.empty(cell, empty_reason(slot, study, read))
            sheet.caption(slot, cell)
            continue
        sheet.picture(placed[slot])
        uid = filled.get(slot)
        marks = [*shown_marks(read, uid).items()]
        there = sum(region.location.sop_instance_uid == uid for region in read.regions)
        caption = sheet.caption(slot, cell, elsewhere=there - len(marks))
        sheet.marks(marks, placed[slot], cell, caption, read.usable)
    sheet.cards(cards, read.usable)
    sheet.footer(words)
    return sheet.png()


def _box_of(region: Region) -> Box:
    location = region.location
    return location.x0, location.y0, location.x1, location.y1


@dataclass
class _Sheet:
    """A canvas with the header's height; draws, decides nothing."""

    canvas: PilImage.Image
    top: int
    below: int = 0
    draw: ImageDraw.ImageDraw = field(init=False)

    def __post_init__(self) -> None:
        self.draw = ImageDraw.Draw(self.canvas)

    @classmethod
    def blank(cls, words: SheetText, cards: Sequence[Card]) -> _Sheet:
        """A canvas as high as header, two rows of pictures, cards and footer need; `below` is where the footer is."""
        top = _header_height(words)
        below = top + 2 * CELL_HEIGHT + GAP + max((card.height + 36 for card in cards), default=0)
        height = below + 24 + SMALL_LINE * len(_footer_lines(words)) + MARGIN
        return cls(PilImage.new("RGB", (WIDTH, height), BACKGROUND), top, below)

    def text(self, x: int, y: int, text: str, size: int, colour: Colour) -> None:
        """One line with its upper left corner at (x, y)."""
        self.draw.text((x, y), plain(text), fill=colour, font=font_of(size))

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
        width = width_of(label, BODY)
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
            x = (cell.x0 + cell.x1 - width_of(line, BODY)) // 2
            self.text(x, y + number * LINE, line, BODY, DIM if number else TEXT)

    def caption(self, slot: Slot, cell: Rect, elsewhere: int = 0) -> Rect:
        """Side and view in the outer lower corner, clear of markers burnt in above; returns the place it takes.

        `elsewhere` marks lie in frames of the volume that are not shown.
        """
        name = slot_name(slot) + (f", {elsewhere} more on other frames" if elsewhere else "")
        width = width_of(name, BODY)
        x = cell.x0 + 12 if slot.laterality is Laterality.RIGHT else cell.x1 - 12 - width
        self.text(x, cell.y1 - 34, name, BODY, TEXT)
        return Rect(x - 6, cell.y1 - 40, x + width + 6, cell.y1 - 4)

    def marks(
        self, numbered: Sequence[tuple[int, Region]], placed: Placed, cell: Rect, caption: Rect, usable: bool
    ) -> None:
        """Boxes of all marks (dashed when no read), leaders, then labels clear of boxes, caption and one another."""
        boxes = [placed.to_sheet(_box_of(region)) for _, region in numbered]
        for (_, region), box in zip(numbered, boxes, strict=True):
            draw_box(self.draw, (box.x0, box.y0, box.x1 - 1, box.y1 - 1), COLOURS[region.type], dashed=not usable)
        taken, labels = [caption, *boxes], []
        for (number, region), box in zip(numbered, boxes, strict=True):
            text = f"{number}: {mark_label(region, usable)}"
            rect = place_label((width_of(text, SMALL) + 14, 26), box, cell, taken)
            taken.append(rect)
            labels.append((text, rect, COLOURS[region.type]))
            if not rect.touches(box, gap=6):
                self.draw.line((*rect.middle, *box.nearest(rect.middle)), fill=COLOURS[region.type])
        for label in labels:
            self._mark_label(*label)

    def _mark_label(self, text: str, rect: Rect, colour: Colour) -> None:
        self.draw.rectangle((rect.x0, rect.y0, rect.x1 - 1, rect.y1 - 1), fill=BACKGROUND, outline=colour)
        self.text(rect.x0 + 7, rect.y0 + 3, text, SMALL, colour)

    def cards(self, cards: Sequence[Card], usable: bool) -> None:
        """The most suspicious marks side by side: a close look, and what the evidence says."""
        y = self.top + 2 * CELL_HEIGHT + GAP + 30
        for card in cards:
            self.canvas.paste(card.crop, (card.x, y + SMALL_LINE + 4))
            self.text(card.x, y, card.title, SMALL, card.colour)
            x0, y0, x1, y1 = card.box
            down = y + SMALL_LINE + 4
            draw_box(self.draw, (card.x + x0, down + y0, card.x + x1, down + y1), card.colour, dashed=not usable)
            self._bar(card.x + 10, down + card.crop.height - 12, card.bar)
            for number, line in enumerate(card.lines):
                self.text(card.x, down + card.crop.height + 8 + number * SMALL_LINE, line, SMALL, TEXT)

    def _bar(self, x: int, y: int, length: int) -> None:
        """A 10 mm bar."""
        self.draw.line((x, y, x + length, y), fill=TEXT, width=3)
        self.text(x, y - SMALL_LINE, "10 mm", SMALL, TEXT)

    def footer(self, words: SheetText) -> None:
        """Quality notes, then excluded images with their reasons, warnings below; headings stand out."""
        y = self.below + 24
        headings = {*words.quality[:1], *words.footer[:1]}
        for number, line in enumerate(_footer_lines(words)):
            self.text(MARGIN, y + number * SMALL_LINE, line, SMALL, TEXT if line in headings else DIM)

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
    return [line for part in (*words.quality, *words.footer) for line in wrapped(part, SMALL, WIDTH - 2 * MARGIN)]

"""What a contact sheet is drawn with: colours, letters and lines; no words and no places.

Text keeps to the letters that the bundled font has.
"""

from __future__ import annotations

from PIL import ImageDraw, ImageFont

from screening.domain.opinion import FindingType

Colour = tuple[int, int, int]
BACKGROUND: Colour = (14, 17, 22)
FILM: Colour = (0, 0, 0)
FRAME: Colour = (48, 54, 61)
TEXT: Colour = (230, 237, 243)
DIM: Colour = (154, 164, 175)
WARNING: Colour = (255, 176, 0)

COLOURS: dict[FindingType | None, Colour] = {
    None: (230, 237, 243),
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


def font_of(size: int) -> ImageFont.FreeTypeFont:
    """The bundled font. Raises RuntimeError when Pillow cannot scale it."""
    font = ImageFont.load_default(size=size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType, so text cannot be scaled")
    return font


def plain(text: str) -> str:
    """Text in the letters that the bundled font has."""
    return text.encode("ascii", "replace").decode("ascii")


def width_of(text: str, size: int) -> int:
    """Pixels that a line takes."""
    return int(font_of(size).getlength(plain(text)))


def wrapped(text: str, size: int, width: int) -> list[str]:
    """Lines of at most `width` pixels, broken at spaces; a longer word stands alone."""
    font, lines = font_of(size), [""]
    for word in plain(text).split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def draw_box(draw: ImageDraw.ImageDraw, edges: tuple[int, int, int, int], colour: Colour, dashed: bool) -> None:
    """A frame around `edges` (x0, y0, x1, y1, all inside it), dashed or in one line."""
    x0, y0, x1, y1 = edges
    if not dashed:
        draw.rectangle((x0 - 1, y0 - 1, x1 + 1, y1 + 1), outline=colour, width=3)
        return
    for x in range(x0, x1, 12):
        for y in (y0, y1):
            draw.line((x, y, min(x + 6, x1), y), fill=colour, width=3)
    for y in range(y0, y1, 12):
        for x in (x0, x1):
            draw.line((x, y, x, min(y + 6, y1)), fill=colour, width=3)

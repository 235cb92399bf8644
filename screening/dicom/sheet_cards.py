"""The most suspicious marks of an exam, each as a card: a close look at one scale, and what the evidence says.

Pure preparation: the contact sheet draws the cards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image as PilImage

from screening.dicom.sheet_ink import COLOURS, SMALL, SMALL_LINE, Colour, wrapped
from screening.dicom.sheet_layout import MARGIN, WIDTH
from screening.dicom.sheet_text import mark_label
from screening.domain.ai_read import AiRead, Region
from screening.domain.evidence import evidence_of, region_sentences, shown_marks, view_name
from screening.domain.geometry import window_around
from screening.domain.study import Laterality, Slot
from screening.workflow.ports import PresentationImage

MOST: Final = 4
SPACE: Final = 16
SIDE: Final = (WIDTH - 2 * MARGIN - (MOST - 1) * SPACE) // MOST
"""Side of a close look, and width of a card, in sheet pixels."""

LEAST_MM: Final = 30.0
"""Least side of a close look on the breast: a mark is judged in its surroundings."""

Edges = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Card:
    """One mark: where its card begins, its picture as hung, its box in that picture, the words below.

    `bar` is the length of 10 mm in sheet pixels.
    """

    x: int
    title: str
    colour: Colour
    crop: PilImage.Image
    box: Edges
    lines: tuple[str, ...]
    bar: int

    @property
    def height(self) -> int:
        """Title, picture and words."""
        return SMALL_LINE + 4 + self.crop.height + 8 + SMALL_LINE * len(self.lines)


def cards_of(read: AiRead, pictures: Mapping[Slot, PresentationImage]) -> tuple[Card, ...]:
    """Cards of the first marks that lie in a picture that is shown; a volume shows one frame."""
    filled = [fill.sop_instance_uid for fill in read.slots if fill.slot in pictures]
    shown = sorted({number: r for uid in filled for number, r in shown_marks(read, uid).items()}.items())
    return tuple(
        _card(MARGIN + place * (SIDE + SPACE), number, region, read, pictures[region.slot])
        for place, (number, region) in enumerate(shown[:MOST])
    )


def _card(x: int, number: int, region: Region, read: AiRead, picture: PresentationImage) -> Card:
    evidence = evidence_of(read, region)
    said = region_sentences(region, evidence) if evidence is not None else ("the reader gives no evidence",)
    lines = tuple(line for sentence in said for line in wrapped(sentence, SMALL, SIDE))
    title = f"{number}: {view_name(region.slot)}, {mark_label(region, read.usable)}"
    crop, box, scale = _close_look(region, picture)
    bar = round(10 / picture.column_spacing_mm * scale)
    return Card(x, wrapped(title, SMALL, SIDE)[0], COLOURS[region.type], crop, box, lines, bar)


def _close_look(region: Region, picture: PresentationImage) -> tuple[PilImage.Image, Edges, float]:
    """The surroundings of a mark, `SIDE` pixels square, as hung, its box in them, and the enlargement."""
    at = region.location
    mark = picture.flip.to_stored((at.x0, at.y0, at.x1, at.y1))  # a flip is its own inverse
    rows, columns = picture.pixels.shape
    x0, y0, x1, y1 = window_around(mark, rows, columns, LEAST_MM / picture.column_spacing_mm)
    cut = np.asarray(np.clip(picture.pixels[y0:y1, x0:x1], 0, 1) * 255 + 0.5, np.uint8)
    hung = region.laterality is Laterality.RIGHT
    grey = PilImage.fromarray(np.ascontiguousarray(cut[:, ::-1] if hung else cut))
    scale = SIDE / (x1 - x0)
    left, right = (x1 - mark[2], x1 - mark[0]) if hung else (mark[0] - x0, mark[2] - x0)
    box = (left * scale, (mark[1] - y0) * scale, right * scale - 1, (mark[3] - y0) * scale - 1)
    wide = grey.resize((SIDE, SIDE), PilImage.Resampling.LANCZOS).convert("RGB")
    edges = [min(max(round(value), 1), SIDE - 2) for value in box]
    return wide, (edges[0], edges[1], edges[2], edges[3]), scale

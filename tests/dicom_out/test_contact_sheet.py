"""A person who opens the sheet sees the four views as hung, marks on the lesion, and why anything is missing."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image as PilImage

from screening.dicom.contact_sheet import COLOURS, render_contact_sheet
from screening.dicom.sheet_cards import cards_of
from screening.dicom.sheet_layout import CELL_HEIGHT, CELL_WIDTH, WIDTH, Rect, cells, place, place_label
from screening.dicom.sheet_text import empty_reason, mark_label, sheet_text
from screening.domain.ai_read import AiRead, SlotFill
from screening.domain.geometry import Flip
from screening.domain.opinion import FindingType
from screening.domain.quality import Exclusion, ReasonCode
from screening.domain.study import Laterality, Slot
from screening.workflow.ports import PresentationImage
from tests.dicom_out.samples import (
    EXTRA_REFUSED,
    FAILED,
    HEADER,
    OBJECTED,
    OK_READ,
    STUDY,
    STUDY_WITH_EXTRA,
    UNCALIBRATED,
    region,
    uid_of,
)
from tests.readers.ai.explained import full_read, phantom

ROWS, COLUMNS = 280, 200
SPOT = (40.0, 60.0, 80.0, 120.0)
"""x0, y0, x1, y1 of a bright lesion in stored pixels."""


def picture(slot: Slot, spot: tuple[float, float, float, float] | None = None) -> PresentationImage:
    """Dim tissue on the chest-wall half, stored as a detector would (right breast mirrored), with a bright lesion."""
    stored: NDArray[np.float32] = np.zeros((ROWS, COLUMNS), np.float32)
    right = slot.laterality is Laterality.RIGHT
    stored[:, COLUMNS // 2 :] = 0.3 if right else 0.0
    stored[:, : COLUMNS // 2] = 0.0 if right else 0.3
    if spot is not None:
        x0, y0, x1, y1 = (int(value) for value in spot)
        stored[y0:y1, x0:x1] = 1.0
    shown = stored[:, ::-1] if right else stored
    return PresentationImage(shown, 0.5, 0.5, Flip(ROWS, COLUMNS, horizontal=right, vertical=False))


def pictures(spot: tuple[float, float, float, float] | None = None) -> dict[Slot, PresentationImage]:
    return {slot: picture(slot, spot) for slot in Slot}


def opened(png: bytes) -> NDArray[np.uint8]:
    """The sheet as (rows, columns, 3)."""
    return np.asarray(PilImage.open(BytesIO(png)).convert("RGB"))


def bounds(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 of what is true."""
    rows, columns = np.nonzero(mask)
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def cell_of(sheet: NDArray[np.uint8], slot: Slot) -> NDArray[np.uint8]:
    """The cell of a slot; the header is as high as the sheet lets its first film row begin."""
    top = int(
        np.nonzero((sheet[:, WIDTH // 2 - 40] == 0).all(axis=1) | (sheet[:, WIDTH // 2 - 40] > 60).all(axis=1))[0][0]
    )
    rect = cells(top)[slot]
    return sheet[rect.y0 : rect.y1, rect.x0 : rect.x1]


def test_the_sheet_is_a_png_as_wide_as_stated_and_high_enough_for_two_rows_and_the_cards() -> None:
    png = render_contact_sheet(STUDY, OK_READ, pictures())
    assert png.startswith(b"\x89PNG")
    height, width, _ = opened(png).shape
    assert width == WIDTH
    assert 2 * CELL_HEIGHT < height < 2 * CELL_HEIGHT + 900


def test_the_same_exam_gives_the_same_bytes() -> None:
    assert render_contact_sheet(STUDY, OK_READ, pictures()) == render_contact_sheet(STUDY, OK_READ, pictures())


@pytest.mark.parametrize("slot", Slot)
def test_chest_walls_meet_in_the_middle(slot: Slot) -> None:
    cell = cell_of(opened(render_contact_sheet(STUDY, replace(OK_READ, regions=()), pictures())), slot)
    inner, outer = (
        (cell[:, -60:], cell[:, :60]) if slot.laterality is Laterality.RIGHT else (cell[:, :60], cell[:, -60:])
    )
    assert inner[100:-100].mean() > 60
    assert outer[100:-100].mean() < 5


@pytest.mark.parametrize("slot", Slot)
@pytest.mark.parametrize("kind", [FindingType.MASS, FindingType.CALCIFICATION])
def test_a_mark_encloses_the_lesion_it_names(slot: Slot, kind: FindingType) -> None:
    read = replace(OK_READ, regions=(region(slot, kind, SPOT),))
    cell = cell_of(opened(render_contact_sheet(STUDY, read, {slot: picture(slot, SPOT)})), slot)
    height, width, _ = cell.shape
    lesion = bounds((cell > 250).all(axis=2) & (np.arange(height) > 60)[:, None])
    coloured = (cell == COLOURS[kind]).all(axis=2)
    # the box is the part of that colour around the lesion; its label stands further off
    near = np.zeros((height, width), bool)
    near[lesion[1] - 4 : lesion[3] + 4, lesion[0] - 4 : lesion[2] + 4] = True
    box = bounds(coloured & near)
    assert np.abs(np.subtract(box, lesion)).max() <= 4
    middle = (lesion[1] + lesion[3]) // 2
    assert coloured[middle, box[0]]
    assert coloured[middle, box[2] - 1]


def test_marks_of_a_run_that_is_no_read_are_dashed() -> None:
    solid = replace(OK_READ, regions=(region(Slot.LCC, FindingType.MASS, SPOT),))
    dashed = replace(UNCALIBRATED, regions=solid.regions)
    shown = {Slot.LCC: picture(Slot.LCC)}
    counts = [
        int((opened(render_contact_sheet(STUDY, read, shown)) == COLOURS[FindingType.MASS]).all(axis=2).sum())
        for read in (solid, dashed)
    ]
    assert counts[1] < counts[0]


def test_marks_on_frames_that_are_not_shown_are_not_drawn() -> None:
    here, there = (region(Slot.LCC, kind, SPOT) for kind in (FindingType.MASS, FindingType.CALCIFICATION))
    marks = tuple(replace(r, location=replace(r.location, frame=f)) for r, f in ((here, 3), (there, 7)))
    sheet = opened(render_contact_sheet(STUDY, replace(OK_READ, regions=marks), {Slot.LCC: picture(Slot.LCC)}))
    assert (sheet == COLOURS[FindingType.MASS]).all(axis=2).any()
    assert not (sheet == COLOURS[FindingType.CALCIFICATION]).all(axis=2).any()


def test_pictures_of_different_size_share_one_scale() -> None:
    small = picture(Slot.LCC)
    large = PresentationImage(np.zeros((2 * ROWS, 2 * COLUMNS), np.float32), 0.5, 0.5, Flip(560, 400, False, False))
    placed = place({Slot.LCC: small, Slot.LMLO: large}, 100)
    widths = {slot: at.rect.x1 - at.rect.x0 for slot, at in placed.items()}
    assert widths[Slot.LMLO] == pytest.approx(2 * widths[Slot.LCC], abs=2)


def test_the_header_of_a_read_states_scores_identity_and_label() -> None:
    said = "\n".join(sheet_text(STUDY, OK_READ).lines)
    for part in (
        "Exam score 9 of 10",
        "AI status ok, flagged",
        "Right breast: raw score 62 %, probability of cancer 3.4 %, density c",
        "Left breast: raw score 8 %, probability of cancer 0.1 %, density b",
        "phantom-mg@0.3.0",
        "calibration cal-2026-02",
        "phantom-trained, not for clinical use",
        "Excluded images: none",
    ):
        assert part in said


@pytest.mark.parametrize("read", [UNCALIBRATED, FAILED, OBJECTED])
def test_a_run_that_is_no_read_says_so_first_and_gives_no_probability(read: AiRead) -> None:
    words = sheet_text(STUDY, read)
    assert words.lines[0] == "Not a read"
    assert read.status.value in words.subtitle
    assert "Exam score" not in "".join(words.lines)
    assert "probability" not in "".join((words.title, words.subtitle, *words.breasts))
    assert all("p " not in mark_label(mark, read.usable) for mark in OK_READ.regions)


@pytest.mark.parametrize("read", [OK_READ, UNCALIBRATED, OBJECTED])
def test_no_person_is_named(read: AiRead) -> None:
    said = "\n".join(sheet_text(STUDY, read).lines)
    woman = HEADER.participant
    for secret in (woman.family, woman.given, woman.person.value, woman.birth_date, HEADER.referring_physician):
        assert secret not in said


def test_excluded_images_are_listed_with_reasons() -> None:
    said = sheet_text(STUDY_WITH_EXTRA, replace(OK_READ, excluded=EXTRA_REFUSED)).footer
    assert said[0] == "Excluded images: 1"
    assert "L OTHER ffdm" in said[1]
    assert "not one of the four standard views" in said[1]


def test_an_empty_slot_says_why() -> None:
    unfilled = tuple(SlotFill(s, None if s in (Slot.RMLO, Slot.LMLO) else uid_of(s)) for s in Slot)
    refused = (Exclusion(uid_of(Slot.RMLO), ReasonCode.LATERALITY_CONFLICT),)
    read = replace(UNCALIBRATED, slots=unfilled, excluded=refused)
    without_lmlo = replace(STUDY, images=tuple(image for image in STUDY.images if image.slot is not Slot.LMLO))
    assert "laterality, orientation and pixels disagree" in empty_reason(Slot.RMLO, without_lmlo, read)
    assert empty_reason(Slot.LMLO, without_lmlo, read) == "no image of this view was received"
    assert empty_reason(Slot.RCC, without_lmlo, read) == "the picture cannot be shown"
    never_run = replace(OBJECTED, slots=())
    assert "the woman objected" in empty_reason(Slot.RCC, STUDY, never_run)


def test_a_sheet_without_any_picture_can_be_drawn() -> None:
    assert opened(render_contact_sheet(STUDY, replace(OBJECTED, slots=()), {})).shape[1] == WIDTH


CELL = Rect(0, 0, CELL_WIDTH, CELL_HEIGHT)
MARKS = st.lists(st.tuples(st.integers(0, 600), st.integers(60, 700)), min_size=1, max_size=8)


@settings(deadline=None)
@given(corners=MARKS)
def test_labels_never_overlap_one_another_or_leave_the_cell(corners: list[tuple[int, int]]) -> None:
    boxes = [Rect(x, y, x + 60, y + 60) for x, y in corners]
    labels: list[Rect] = []
    for box in boxes:
        label = place_label((220, 26), box, CELL, [*boxes, *labels])
        assert CELL.holds(label)
        assert not any(label.touches(other, gap=0) for other in labels)
        labels.append(label)


def test_each_mark_has_a_card_with_the_lesion_in_its_box() -> None:
    read = replace(OK_READ, regions=(region(Slot.RCC, FindingType.MASS, SPOT),))
    (card,) = cards_of(read, {Slot.RCC: picture(Slot.RCC, SPOT)})
    grey = np.asarray(card.crop)[:, :, 0]
    assert np.abs(np.subtract(bounds(grey > 200), card.box)).max() <= 5
    assert card.title.startswith("1: R CC, Mass 62 %")


def test_cards_are_the_most_suspicious_marks_and_stand_beside_one_another() -> None:
    regions = tuple(region(Slot.LCC, FindingType.MASS, (n, n, n + 20, n + 20)) for n in range(0, 120, 20))
    cards = cards_of(replace(OK_READ, regions=regions), {Slot.LCC: picture(Slot.LCC)})
    assert [card.title[0] for card in cards] == ["1", "2", "3", "4"]
    rects = [Rect(card.x, 0, card.x + card.crop.width, 10) for card in cards]
    assert not any(one.touches(other) for one, other in pairwise(rects))
    assert rects[-1].x1 <= WIDTH


def test_a_mark_without_a_picture_has_no_card() -> None:
    assert cards_of(OK_READ, {}) == ()


def test_evidence_change_and_quality_are_told() -> None:
    read = full_read()
    words = sheet_text(STUDY, read)
    told = "\n".join(words.lines)
    for part in (
        "CC and MLO agree (0.87); more suspicious than the prior (+1.9)",
        "CC and MLO agree in part (0.55); as in the prior (+0.1)",
        "prior compared",
        "Image quality notes: 2",
        "L MLO ffdm (...8.498.1.2.4): the pectoral muscle ends above the level of the nipple (41 mm)",
    ):
        assert part in told
    for quality, said in (((), "measured, nothing to note"), (None, "not measured")):
        assert f"Image quality: {said}" in sheet_text(STUDY, replace(read, quality=quality)).lines
    pictures, _ = phantom()
    first, _, third = cards_of(read, pictures)
    assert "also marked in R CC" in first.lines
    assert "not marked in L CC" in third.lines
    assert any("+42 points" in line for line in first.lines)

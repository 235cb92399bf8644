"""Splits keep a woman on one side, categories stand in for pathology only when asked, images come chest wall left."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from models.datasets import read
from models.datasets.export import to_json
from models.datasets.frame import Box, Frame, ImageRow, label_from_birads
from models.datasets.images import load, png_reader
from models.datasets.split import assign, of
from models.errors import InputInvalid
from tests.models.datasets import made_up


def _frame(women: int, ill: int = 0, **given: object) -> Frame:
    rows = [
        ImageRow(f"e{woman}", f"w{woman}", side, view, Path(f"{woman}{side}{view}.png"), cancer=woman < ill, **given)  # type: ignore[arg-type]
        for woman in range(women)
        for side in ("L", "R")
        for view in ("CC", "MLO")
    ]
    return Frame("made-up", tuple(rows))


@given(women=st.integers(1, 60), ill=st.integers(0, 20), seed=st.integers(0, 9))
@settings(max_examples=30, deadline=None)
def test_a_woman_is_on_one_side_whatever_the_order_of_rows(women: int, ill: int, seed: int) -> None:
    frame = _frame(women, ill)
    split = assign(frame, seed)
    sides: dict[str, set[str | None]] = {}
    for row in split.rows:
        sides.setdefault(row.patient_id, set()).add(row.split)
    assert all(len(found) == 1 and None not in found for found in sides.values())
    turned = assign(replace(frame, rows=frame.rows[::-1]), seed)
    assert set(turned.rows) == set(split.rows)


def test_shares_hold_for_women_with_and_without_cancer() -> None:
    frame = assign(_frame(200, 40), seed=1)
    for side, ill, well in (("train", 28, 112), ("validation", 6, 24), ("test", 6, 24)):
        women = {row.patient_id: row.cancer for row in of(frame, side)}  # type: ignore[arg-type]
        assert (sum(map(bool, women.values())), len(women) - sum(map(bool, women.values()))) == (ill, well)


def test_another_seed_divides_otherwise() -> None:
    frame = _frame(50)
    assert assign(frame, 1) != assign(frame, 2)


def test_a_sets_own_test_part_is_kept_and_validation_comes_from_training() -> None:
    rows = (
        *_frame(20, split="train").rows,
        *(replace(row, patient_id=f"t{row.patient_id}", split="test") for row in _frame(5).rows),
    )
    split = assign(Frame("made-up", rows), seed=4)
    assert {row.patient_id for row in of(split, "test")} == {f"tw{n}" for n in range(5)}
    assert 1 <= len({row.patient_id for row in of(split, "validation")}) <= 6


def test_a_woman_on_two_sides_or_odd_shares_are_refused() -> None:
    rows = _frame(1, split="train").rows
    with pytest.raises(InputInvalid, match="two sides"):
        assign(Frame("made-up", (*rows, replace(rows[0], split="test"))), 1)
    with pytest.raises(InputInvalid, match="sum to 1"):
        assign(Frame("made-up", rows), 1, {"train": 0.5, "test": 0.4})


@pytest.mark.parametrize(
    ("birads", "cancer", "from_four", "from_five"),
    [
        (1, None, False, False),
        (3, None, None, None),
        (4, None, True, None),
        (6, None, True, True),
        (0, None, None, None),
        (5, False, False, False),
    ],
)
def test_categories_stand_in_for_an_unknown_outcome_only(
    birads: int, cancer: bool | None, from_four: bool | None, from_five: bool | None
) -> None:
    row = ImageRow("e", "w", "L", "CC", None, cancer=cancer, birads=birads)
    frame = Frame("made-up", (row,))
    assert label_from_birads(frame, 4).rows[0].cancer is from_four
    assert label_from_birads(frame, 5).rows[0].cancer is from_five


def test_a_right_breast_is_turned_with_its_outlines(tmp_path: Path) -> None:
    path = made_up.image(tmp_path / "r.png", "R")
    row = ImageRow("e", "w", "R", "CC", path, boxes=(Box(12.0, 10.0, 18.0, 14.0, "mass"),))
    shown = load(row, png_reader(0.1))
    assert shown.mirrored
    assert shown.pixels01[20, 0] > 0.4
    assert shown.pixels01[20, -1] == 0.0
    assert shown.boxes == (Box(6.0, 10.0, 12.0, 14.0, "mass"),)
    assert not load(replace(row, path=made_up.image(tmp_path / "l.png", "L")), png_reader(0.1)).mirrored


def test_the_white_of_a_container_is_stated_not_guessed(tmp_path: Path) -> None:
    pixels = np.full((20, 20), 2048, np.uint16)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert png_reader(0.1)(tmp_path / "a.png")[0].max() == pytest.approx(2048 / 65535)
    values, spacing = png_reader(0.07, white=4095.0)(tmp_path / "a.png")
    assert values.max() == pytest.approx(2048 / 4095)
    assert spacing == 0.07


def test_what_cannot_be_shown_is_refused(tmp_path: Path) -> None:
    row = ImageRow("e", "w", "L", "CC", made_up.image(tmp_path / "l.png"))
    with pytest.raises(InputInvalid, match="beyond its edge"):
        load(replace(row, boxes=(Box(20.0, 1.0, 30.0, 4.0),)), png_reader(0.1))
    with pytest.raises(InputInvalid, match="implant"):
        load(replace(row, excluded="implant"), png_reader(0.1))
    with pytest.raises(InputInvalid, match="not an image"):
        load(replace(row, path=made_up.image(tmp_path / "x.dcm")), png_reader(0.1))
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "colour.png")
    with pytest.raises(InputInvalid, match="grey"):
        load(replace(row, path=tmp_path / "colour.png"), png_reader(0.1))


def test_the_written_frame_holds_every_row_with_its_boxes(tmp_path: Path) -> None:
    frame = read("vindr", made_up.vindr(tmp_path))
    content = json.loads(to_json(frame, tmp_path))
    assert len(content["rows"]) == len(frame.rows)
    boxes = next(row["boxes"] for row in content["rows"] if row["path"] == "images/s1/s1rcc.dicom")
    assert boxes[0]["x0"] == 3.5
    assert boxes[0]["type"] == "mass"

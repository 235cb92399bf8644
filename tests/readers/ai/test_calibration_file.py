"""Calibration files: what is written is read back, and anything else is refused."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readers.ai import calibration_ood
from readers.ai.calibration import Calibration, OperatingPoint, Standing, Stratum
from readers.ai.calibration_file import read, to_toml, write
from readers.ai.calibration_maps import IsotonicMap, LogitMap
from readers.ai.commissioning.figures import rate
from screening.domain.ai_read import NOT_STATED
from screening.domain.errors import CalibrationInvalid
from tests.readers.ai.known_model import CALIBRATION as KNOWN

PLAIN = replace(KNOWN, weights_sha256="a" * 64, preprocessing_sha256="b" * 64, standing=Standing.NOT_COMMISSIONED)
SHARES = st.floats(0, 1)
TEXTS = st.text(max_size=30)
MAPS = st.one_of(
    st.builds(LogitMap, st.floats(0.01, 50), st.floats(-50, 50), st.sampled_from(["platt", "temperature"])),
    st.lists(st.tuples(SHARES, SHARES), min_size=1, max_size=8, unique_by=lambda corner: corner[0]).map(
        lambda corners: IsotonicMap(tuple(sorted(x for x, _ in corners)), tuple(sorted(y for _, y in corners)))
    ),
)
POINTS = st.builds(
    lambda name, flag, hits, more: OperatingPoint(name, flag, rate(hits, hits + more), rate(more, hits + more)),
    TEXTS.filter(bool),
    st.integers(1, 10),
    st.integers(0, 50),
    st.integers(0, 50),
)
CALIBRATIONS = st.builds(
    replace,
    st.just(PLAIN),
    id=st.text(string.ascii_letters + string.digits, min_size=1, max_size=20),
    product=TEXTS.filter(bool),
    stratum=st.builds(Stratum, TEXTS, TEXTS, TEXTS, TEXTS),
    mapping=MAPS,
    prevalence=st.floats(0.0001, 0.5),
    exam_deciles=st.lists(SHARES, min_size=9, max_size=9).map(lambda values: tuple(sorted(values))),
    flag_from=st.integers(1, 10),
    population=TEXTS.filter(bool),
    valid_from=st.dates(date(1990, 1, 1), date(2030, 1, 1)),
    valid_to=st.none() | st.dates(date(2030, 1, 1), date(2090, 1, 1)),
    operating_points=st.lists(POINTS, max_size=3).map(tuple),
    precision=st.sampled_from(["f32", "bf16"]),
)


@settings(max_examples=50, deadline=None)
@given(CALIBRATIONS)
def test_what_is_written_is_read_back_to_the_last_digit(calibration: Calibration) -> None:
    with TemporaryDirectory() as folder:
        (path,) = write(calibration, Path(folder))
        assert read(path) == calibration


def test_the_local_images_travel_beside_it_and_must_be_the_same_bytes(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    ood = calibration_ood.fit([rng.normal(size=(4, 6)) for _ in range(20)])
    path, beside = write(replace(PLAIN, ood=ood), tmp_path)
    back = read(path)
    assert back.ood is not None
    view = rng.normal(size=6)
    assert back.ood.score(view) == ood.score(view)
    beside.write_bytes(beside.read_bytes()[:-1] + b"x")
    with pytest.raises(CalibrationInvalid, match="not the file"):
        read(path)
    beside.unlink()
    with pytest.raises(CalibrationInvalid, match="no out-of-distribution reference"):
        read(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("secondread-calibration/1", "secondread-calibration/2"),
        ("flag_from = 10", "flag_from = 11"),
        ("flag_from = 10", "flag_from = true"),
        ("flag_from = 10", "flag_form = 10"),
        ("flag_from = 10", "flag_from = 10\nspare = 1"),
        ("prevalence = 0.004", "prevalence = 0"),
        ("prevalence = 0.004", "prevalence = nan"),
        ("[0.1, 0.2", "[0.2, 0.1"),
        ("[0.1, 0.2", "[0.2"),
        ("slope = 1.2", "slope = -1.2"),
        ("slope = 1.2", 'slope = "1.2"'),
        ('method = "platt"', 'method = "guess"'),
        ('id = "cal-1"', 'id = "cal-2"'),
        ('id = "cal-1"', 'id = "../cal-1"'),
        ("a" * 64, "A" * 64),
        ('site = "*"', ""),
        ("flag_from = 10", "flag_from = 10\nvalid_from = 2026-01-02\nvalid_to = 2026-01-01"),
        ("flag_from = 10", "flag_from = 10\nvalid_from = 2026-01-02T00:00:00"),
        ("[stratum]", "[stratum"),
    ],
)
def test_a_file_that_is_not_exactly_one_is_refused(tmp_path: Path, old: str, new: str) -> None:
    text = to_toml(PLAIN)
    assert old in text
    path = tmp_path / "cal-1.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CalibrationInvalid, match=r"cal-1\.toml"):
        read(path)


OTHER = replace(
    PLAIN,
    product="Maker/Product@4.2",
    weights_sha256=NOT_STATED,
    preprocessing_sha256=NOT_STATED,
    precision=NOT_STATED,
    preprocessing="cad-sr-tid4000",
)


def test_another_product_is_named_by_product_version_and_the_way_its_scores_came(tmp_path: Path) -> None:
    (path,) = write(OTHER, tmp_path)
    assert read(path) == OTHER


@pytest.mark.parametrize("changes", [{"product": f"Maker/Product@{NOT_STATED}"}, {"product": "@4.2"}])
@pytest.mark.parametrize("hashes", [("a" * 64, NOT_STATED), (NOT_STATED, "b" * 64), (NOT_STATED, NOT_STATED)])
def test_without_hashes_a_version_is_needed(tmp_path: Path, changes: dict[str, str], hashes: tuple[str, str]) -> None:
    made = replace(OTHER, weights_sha256=hashes[0], preprocessing_sha256=hashes[1], **changes)  # type: ignore[arg-type]
    (path,) = write(made, tmp_path)
    with pytest.raises(CalibrationInvalid, match="hashes are not stated"):
        read(path)


def test_without_hashes_the_way_its_scores_came_is_needed(tmp_path: Path) -> None:
    (path,) = write(replace(OTHER, preprocessing=""), tmp_path)
    with pytest.raises(CalibrationInvalid, match="hashes are not stated"):
        read(path)

"""Faults, implants, folds and markers change what they should and nothing else, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.phantom.faults import (
    DEAD_COLUMN,
    DEODORANT,
    FAULTS,
    GRID,
    HAIR,
    LOW_DOSE,
    MOTION,
    NOISE,
    code_of,
    dose_factor,
    in_beam,
    in_detector,
    motion,
)
from models.phantom.folds import fold_attenuation
from models.phantom.implants import implant_attenuation
from models.phantom.markers import STROKES, burned_in

MM = 0.4


def scene() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A noise-free signal with a bright spot, and the distance from the skin line."""
    y, x = np.mgrid[:240, :200].astype(np.float32)
    radius = np.hypot((y - 120) / 100, x / 120)
    inside = (1 - radius) * 40
    signal = np.where(inside > 0, 0.2 + 0.1 * np.exp(-(((y - 120) ** 2 + (x - 50) ** 2) / 20)), 1.0)
    return signal.astype(np.float32), inside.astype(np.float32)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_every_fault_has_a_quality_code() -> None:
    codes = {code_of(fault) for fault in FAULTS}
    assert codes == {
        "breast_cut_off",
        "nipple_not_in_profile",
        "pectoral_missing",
        "pectoral_short",
        "inframammary_fold_missing",
        "motion_blur",
        "noise",
        "artefact",
    }


def test_without_a_fault_nothing_changes() -> None:
    signal, inside = scene()
    assert in_beam(signal, (), inside, MM, rng()) is signal
    assert in_detector(signal, (), rng()) is signal
    assert dose_factor(()) == 1.0
    assert dose_factor((NOISE,)) == LOW_DOSE


@pytest.mark.parametrize("fault", [MOTION, HAIR, GRID, DEODORANT])
def test_a_fault_in_the_beam_is_drawn_from_its_seed_and_leaves_the_input_alone(fault: str) -> None:
    signal, inside = scene()
    kept = signal.copy()
    once, again = (in_beam(signal, (fault,), inside, MM, rng(3)) for _ in range(2))
    np.testing.assert_array_equal(once, again)
    np.testing.assert_array_equal(signal, kept)
    assert not np.array_equal(once, signal)
    assert once.shape == signal.shape
    assert once.dtype == np.float32
    assert (once > 0).all()


@pytest.mark.parametrize("fault", [HAIR, DEODORANT])
def test_what_lies_on_the_skin_only_attenuates(fault: str) -> None:
    signal, inside = scene()
    assert (in_beam(signal, (fault,), inside, MM, rng(5)) <= signal + 1e-6).all()


@given(length=st.floats(0.8, 4.0), seed=st.integers(0, 99))
def test_motion_smears_a_spot_and_keeps_its_sum(length: float, seed: int) -> None:
    spot = np.zeros((81, 81), np.float32)
    spot[40, 40] = 1.0
    smeared = motion(spot, np.ones_like(spot), MM, rng(seed), length)
    assert smeared.sum() == pytest.approx(1.0, abs=1e-5)
    rows, columns = np.nonzero(smeared)
    reach = np.hypot(np.ptp(rows), np.ptp(columns)) * MM
    assert reach == pytest.approx(length, abs=2 * MM)


def test_dead_columns_run_through_the_breast() -> None:
    signal, inside = scene()
    damaged = in_detector(signal, (DEAD_COLUMN,), rng(2))
    changed = np.nonzero((damaged != signal).any(0))[0]
    assert 1 <= len(changed) <= 3
    assert (inside[:, changed] > 0).any(0).all()
    assert np.ptp(damaged[:, changed], axis=0).max() == 0


@pytest.mark.parametrize("displaced", [False, True])
def test_an_implant_sits_at_the_chest_wall_smooth_and_dense(displaced: bool) -> None:
    added = implant_attenuation((400, 300), MM, (80.0, 80.0), 50.0, displaced, rng())
    columns = np.nonzero((added > 0.3).any(0))[0]
    assert columns[0] == 0
    assert bool(columns[-1] * MM < 20) is displaced
    assert added[:, 0].max() > 1.0
    assert added[0].max() < 0.1


def test_a_fold_is_a_band_inside_the_breast() -> None:
    _, inside = scene()
    added = fold_attenuation(inside, MM, rng(4))
    assert added.max() > 0.1
    assert (added[inside <= 0] == 0).all()
    assert 0.0005 < (added > 0.05).mean() < 0.1


@given(
    text=st.sampled_from(["LCC", "RMLO", "R CC"]),
    right=st.booleans(),
    depth=st.integers(20, 199),
)
def test_markers_never_touch_the_breast(text: str, right: bool, depth: int) -> None:
    y, x = np.mgrid[:240, :200]
    mask = np.hypot((y - 120) / 110, x / depth) < 1
    mask = mask[:, ::-1] if right else mask
    pixels = np.where(mask, 900, 0).astype(np.uint16)
    marked = burned_in(pixels, mask, text, MM, 4000)
    changed = marked != pixels
    assert not (changed & mask).any()
    assert set(np.unique(marked[changed])) <= {4000}
    if depth < 90:
        columns = np.nonzero(changed.any(0))[0]
        assert len(columns)
        assert columns.max() < 100 if right else columns.min() > 80


def test_letters_are_drawn_within_their_box() -> None:
    for strokes in STROKES.values():
        points = np.array([point for stroke in strokes for point in stroke])
        assert points.min() >= 0
        assert points[:, 0].max() <= 0.7
        assert points[:, 1].max() <= 1.0

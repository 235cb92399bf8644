"""The grey values shown are those the header asks for, equal to an independent implementation, whatever the header."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_voi_lut, apply_windowing
from pydicom.sequence import Sequence

from screening.dicom.elements import quiet
from screening.dicom.voi import VoiTable, voi_table
from screening.domain.quality import ReasonCode
from tests.dicom.builders import changed

GE = ("MG-Im-GE_Seno_1_ForPresentation.dcm", "MG-Im-GE_Seno_2_ForPresentation.dcm")


def header(**changes: object) -> Dataset:
    """A 12-bit MONOCHROME2 description with a window over the full range."""
    ds = Dataset()
    ds.PhotometricInterpretation, ds.BitsStored, ds.BitsAllocated, ds.PixelRepresentation = "MONOCHROME2", 12, 16, 0
    ds.WindowCenter, ds.WindowWidth = "2048", "4096"
    return changed(ds, changes)


def table(bits: int = 12, /, **changes: object) -> VoiTable:
    return voi_table(header(**changes), bits, signed=False)


@pytest.mark.parametrize("name", GE)
def test_the_lut_of_a_real_device_comes_before_its_window(shared_data: Path, name: str) -> None:
    with quiet():
        ds = pydicom.dcmread(shared_data / "dicom-samples" / name)
        stored = np.arange(2**ds.BitsStored, dtype=np.uint16)
        by_lut = apply_voi_lut(stored, ds, prefer_lut=True).astype(np.float64) / 4095
        by_window = apply_windowing(stored, ds) / (2**ds.BitsStored - 1)
        found = voi_table(ds, ds.BitsStored, signed=False)
    shown = found.apply(stored)
    used = stored != ds.PixelPaddingValue
    assert found.warnings == ()
    assert np.abs(shown - by_lut)[used].max() < 1e-6
    assert 0 < np.abs(shown - by_window)[used].max() < 5e-4  # this maker's table is its own SIGMOID, rounded


@pytest.mark.parametrize("name", GE)
def test_the_sigmoid_of_a_real_device_without_its_lut(shared_data: Path, name: str) -> None:
    with quiet():
        ds = pydicom.dcmread(shared_data / "dicom-samples" / name)
        del ds.VOILUTSequence, ds.PixelPaddingValue
        stored = np.arange(2**ds.BitsStored, dtype=np.uint16)
        expected = apply_windowing(stored, ds) / (2**ds.BitsStored - 1)
        linear = np.clip((stored - (ds.WindowCenter[0] - 0.5)) / (ds.WindowWidth[0] - 1) + 0.5, 0, 1)
        shown = voi_table(ds, ds.BitsStored, signed=False).apply(stored)
    assert np.abs(shown - expected).max() < 1e-6
    assert np.abs(shown - linear).max() > 0.05


windows = st.tuples(
    st.floats(-500, 5000), st.floats(2, 9000), st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID", None])
)


@given(windows, st.integers(8, 16))
def test_any_window_equals_the_reference_and_is_bounded_and_monotone(
    window: tuple[float, float, str | None], bits: int
) -> None:
    center, width, function = window
    ds = header(WindowCenter=round(center, 3), WindowWidth=round(width, 3), VOILUTFunction=function, BitsStored=bits)
    stored = np.arange(2**bits, dtype=np.uint16)
    shown = voi_table(ds, bits, signed=False).apply(stored)
    with np.errstate(over="ignore"):
        expected = apply_windowing(stored, ds) / (2**bits - 1)
    assert np.abs(shown - expected).max() < 1e-5
    assert shown.dtype == np.float32
    assert shown.min() >= 0
    assert shown.max() <= 1
    assert (np.diff(shown) >= 0).all()


@given(windows)
def test_monochrome1_is_the_mirror_image(window: tuple[float, float, str | None]) -> None:
    center, width, function = window
    same = {"WindowCenter": round(center, 3), "WindowWidth": round(width, 3), "VOILUTFunction": function}
    light, dark = table(**same), table(**same, PhotometricInterpretation="MONOCHROME1")
    assert np.allclose(light.table + dark.table, 1, atol=1e-6)


def test_inverse_shape_and_monochrome1_together_invert_once() -> None:
    once = table(PhotometricInterpretation="MONOCHROME1", PresentationLUTShape="INVERSE")
    assert once.table[0] == 1
    assert once.table[-1] == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"WindowCenter": None, "WindowWidth": None},
        {"WindowWidth": "0"},
        {"WindowWidth": "0.5"},
        {"WindowWidth": "-4"},
        {"WindowCenter": ""},
        {"VOILUTFunction": "TANH"},
        {"VOILUTFunction": "SIGMOID", "WindowWidth": "0"},
        {"VOILUTFunction": "LINEAR_EXACT", "WindowWidth": "-1"},
    ],
)
def test_a_window_that_cannot_be_used_gives_the_full_range_and_a_warning(changes: dict[str, object]) -> None:
    found = table(**changes)
    assert found.warnings == (ReasonCode.WINDOW_UNUSABLE,)
    assert np.allclose(found.table, np.linspace(0, 1, 4096), atol=1e-6)


def test_the_first_of_several_windows_counts() -> None:
    several = table(WindowCenter=["100", "2000"], WindowWidth=["50", "4000"])
    assert np.array_equal(several.table, table(WindowCenter="100", WindowWidth="50").table)


def test_a_window_of_width_one_is_a_step() -> None:
    assert table(WindowCenter="100", WindowWidth="1").table[[99, 100]].tolist() == [0.0, 1.0]


def lut(entries: NDArray[np.uint16], first: int, bits: int = 12, packed: bool = False) -> Sequence:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(entries) % 65_536, first, bits])
    if packed:
        item.add_new("LUTData", "OW", entries.astype(np.uint8 if bits <= 8 else "<u2").tobytes())
    else:
        item.add_new("LUTData", "US", entries.tolist())
    return Sequence([item])


@pytest.mark.parametrize("packed", [False, True])
def test_values_outside_a_lut_take_its_ends(packed: bool) -> None:
    found = table(VOILUTSequence=lut(np.array([100, 200, 4095], dtype=np.uint16), 1000, packed=packed)).table
    assert np.allclose(found[[0, 999, 1000, 1001, 1002, 1003, 4095]] * 4095, [100, 100, 100, 200, 4095, 4095, 4095])


def test_eight_bit_entries_may_be_packed() -> None:
    found = table(VOILUTSequence=lut(np.arange(256, dtype=np.uint16), 0, bits=8, packed=True)).table
    assert np.allclose(found[:256], np.arange(256) / 255)


@pytest.mark.parametrize(
    "broken",
    [
        lut(np.array([1, 2, 5000], dtype=np.uint16), 0),
        lut(np.array([1, 2, 3], dtype=np.uint16), 0, bits=0),
        Sequence([Dataset()]),
        Sequence([]),
    ],
    ids=["beyond_bits", "no_bits", "empty_item", "no_item"],
)
def test_a_broken_lut_falls_back_to_the_window(broken: Sequence) -> None:
    found = table(VOILUTSequence=broken)
    assert found.warnings == ()
    assert np.array_equal(found.table, table().table)


@given(st.integers(0, 4095), st.integers(0, 4095), st.booleans())
def test_padding_is_air_and_nothing_else_changes(first: int, limit: int, inverted: bool) -> None:
    polarity = {"PhotometricInterpretation": "MONOCHROME1" if inverted else "MONOCHROME2"}
    padded = table(PixelPaddingValue=first, PixelPaddingRangeLimit=limit, **polarity).table
    low, high = sorted((first, limit))
    stored = np.arange(4096)
    inside = (stored >= low) & (stored <= high)
    assert not padded[inside].any()
    assert np.array_equal(padded[~inside], table(**polarity).table[~inside])


@pytest.mark.parametrize("written", [65_535, 9_000, "nonsense"])
def test_padding_that_no_pixel_can_have_is_ignored(written: object) -> None:
    with quiet():
        assert np.array_equal(table(PixelPaddingValue=written).table, table().table)


def test_signed_pixels_index_from_their_lowest_value() -> None:
    found = voi_table(header(WindowCenter="0", WindowWidth="4096"), 12, signed=True)
    shown = found.apply(np.array([[-2048, 0, 2047]], dtype=np.int16))
    assert np.allclose(shown, [[0, 0.5, 1]], atol=1e-3)


@given(st.floats(0.1, 4), st.floats(-100, 100))
def test_rescale_comes_before_the_window(slope: float, intercept: float) -> None:
    assume(round(slope, 4) > 0)
    ds = {"RescaleSlope": round(slope, 4), "RescaleIntercept": round(intercept, 4)}
    found = table(**ds, WindowCenter="1000", WindowWidth="800", VOILUTFunction="LINEAR_EXACT").table
    expected = np.clip((np.arange(4096) * round(slope, 4) + round(intercept, 4) - 1000) / 800 + 0.5, 0, 1)
    assert np.allclose(found, expected, atol=1e-5)


def frame_window(center: str, width: str) -> Sequence:
    """A functional group with a VOI of its own."""
    group = Dataset()
    group.FrameVOILUTSequence = Sequence([changed(Dataset(), {"WindowCenter": center, "WindowWidth": width})])
    return Sequence([group])


def test_each_frame_of_a_volume_has_its_own_window_before_the_shared_one() -> None:
    ds = header(WindowCenter=None, WindowWidth=None)
    ds.SharedFunctionalGroupsSequence = frame_window("2000", "4000")
    ds.PerFrameFunctionalGroupsSequence = Sequence([*frame_window("500", "100"), Dataset()])
    first, second = (voi_table(ds, 12, signed=False, frame=frame) for frame in (0, 1))
    assert np.array_equal(first.table, table(WindowCenter="500", WindowWidth="100").table)
    assert np.array_equal(second.table, table(WindowCenter="2000", WindowWidth="4000").table)
    assert first.warnings == second.warnings == ()

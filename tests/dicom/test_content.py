"""What no decoder notices: pictures without a breast, cut off, or damaged by a corrupt stream are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image as Pillow

from screening.dicom.content import Pixels, examine
from screening.dicom.header import open_file
from screening.dicom.orientation import Side
from screening.dicom.pixels import read_frame
from screening.domain.errors import UnusableImage
from screening.domain.quality import ReasonCode
from tests.dicom.builders import breast, lossless

R = ReasonCode
Decode = Callable[[bytes], NDArray[np.uint16]]
EXAMS = (
    "nyu-1/LCC",
    "nyu-1/RCC",
    "nyu-2/LCC",
    "nyu-2/RCC",
    *(f"nyu-density/{v}" for v in ("LCC", "LMLO", "RCC", "RMLO")),
)


def shown(pixels: NDArray[np.uint16], bits: int = 12) -> Pixels:
    return pixels.astype(np.float32) / np.float32(2**bits - 1)


def reason(pixels: Pixels) -> str | None:
    try:
        examine(pixels)
    except UnusableImage as error:
        return error.reason
    return None


@pytest.mark.parametrize(("side", "expected"), [("left", Side.LEFT), ("right", Side.RIGHT)])
def test_a_breast_is_found_at_its_side(side: str, expected: Side) -> None:
    content = examine(shown(breast(side=side)))
    assert content.chest_wall is expected
    assert 0.2 < content.breast_fraction < 0.6


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_no_clean_texture_is_refused(seed: int) -> None:
    assert reason(shown(breast(rows=480, columns=384, seed=seed))) is None


def test_a_marker_in_the_air_changes_nothing() -> None:
    marked = breast(rows=640, columns=512)
    marked[20:60, 380:480] = 4095
    assert examine(shown(marked)).chest_wall is Side.LEFT


PICTURES: dict[str, tuple[Pixels, ReasonCode]] = {
    "black": (np.zeros((320, 256), np.float32), R.CONTENT_IMPLAUSIBLE),
    "grey": (np.full((320, 256), 0.4, np.float32), R.CONTENT_IMPLAUSIBLE),
    "noise": (np.random.default_rng(1).random((320, 256), dtype=np.float32), R.CONTENT_IMPLAUSIBLE),
    "only a marker": (np.pad(np.ones((20, 30), np.float32), ((20, 280), (200, 26))), R.NO_BREAST),
    "an island": (np.pad(shown(breast(200, 120)), ((60, 60), (68, 68))), R.NO_BREAST),
    "chest wall at the top": (np.ascontiguousarray(shown(breast()).T), R.ORIENTATION_CONFLICT),
}


@pytest.mark.parametrize("name", PICTURES)
def test_what_is_no_mammogram_is_refused(name: str) -> None:
    pixels, expected = PICTURES[name]
    assert reason(pixels) == expected


@pytest.mark.parametrize("keep", [0.3, 0.5, 0.8])
@pytest.mark.parametrize("from_below", [False, True])
def test_a_half_written_breast_is_refused(keep: float, from_below: bool) -> None:
    pixels = shown(breast())
    pixels[int(keep * 320) :] = 0
    assert reason(pixels[::-1] if from_below else pixels) == R.CONTENT_IMPLAUSIBLE


def stored(shared_data: Path, name: str) -> tuple[NDArray[np.uint16], int]:
    found = read_frame(open_file(shared_data / "exams" / f"{name}.dcm"))
    return found.astype(np.uint16), 8 if found.dtype == np.uint8 else 12


@pytest.mark.parametrize("name", EXAMS)
def test_no_real_mammogram_is_refused(shared_data: Path, name: str) -> None:
    pixels, bits = stored(shared_data, name)
    assert examine(shown(pixels, bits)).chest_wall is (Side.LEFT if "/L" in name else Side.RIGHT)


def test_physics_based_simulations_pass_once_turned(shared_data: Path) -> None:
    """An independent simulator's images, chest wall at the top as they come: turned a quarter, none is refused."""
    for path in sorted((shared_data / "msynth").glob("*.jpg"))[::5]:
        pixels = np.asarray(Pillow.open(path).convert("L"), dtype=np.float32) / np.float32(255)
        assert reason(pixels) == R.ORIENTATION_CONFLICT
        assert examine(np.ascontiguousarray(pixels.T)).chest_wall is Side.LEFT


def damaged(stream: bytes, how: str, at: float) -> bytes:
    """Zero a twentieth of the stream, or change one byte."""
    data, start = bytearray(stream), int(len(stream) * at)
    if how == "zeroed":
        data[start : start + len(data) // 20] = bytes(len(data) // 20)
    else:
        data[start] ^= 0x55
    return bytes(data)


def jpeg_lossless(pixels: NDArray[np.uint16], bits: int) -> tuple[bytes, Decode]:
    def decode(data: bytes) -> NDArray[np.uint16]:
        found: NDArray[np.uint16] = imagecodecs.jpegsof3_decode(data)
        return found & np.uint16((1 << bits) - 1)

    return lossless(pixels, bits), decode


def jpeg_2000(pixels: NDArray[np.uint16], bits: int) -> tuple[bytes, Decode]:
    def decode(data: bytes) -> NDArray[np.uint16]:
        found: NDArray[np.uint16] = imagecodecs.jpeg2k_decode(data)
        return np.minimum(found, np.uint16((1 << bits) - 1))

    stream = imagecodecs.jpeg2k_encode(pixels, level=0, reversible=True, codecformat="j2k", bitspersample=bits)
    return bytes(stream), decode


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nyu-1/LCC", "nyu-2/RCC", "nyu-density/RMLO"])
@pytest.mark.parametrize(
    ("coder", "how", "places"),
    [
        (jpeg_lossless, "zeroed", (0.3, 0.6)),
        (jpeg_lossless, "flipped", (0.3, 0.6)),
        (jpeg_2000, "zeroed", (0.3, 0.6)),
    ],
)
def test_damage_the_decoder_does_not_notice_is_noticed(
    shared_data: Path,
    name: str,
    coder: Callable[[NDArray[np.uint16], int], tuple[bytes, Decode]],
    how: str,
    places: tuple[float, ...],
) -> None:
    pixels, bits = stored(shared_data, name)
    stream, decode = coder(pixels, bits)
    assert reason(shown(decode(stream), bits)) is None
    for at in places:
        found = decode(damaged(stream, how, at))
        assert not np.array_equal(found, pixels)
        assert reason(shown(found, bits)) == R.CONTENT_IMPLAUSIBLE


@given(rows=st.integers(32, 200), columns=st.integers(32, 200), side=st.sampled_from(["left", "right"]))
@settings(max_examples=40, deadline=None)
def test_a_picture_of_any_size_is_judged_or_refused_with_a_reason(rows: int, columns: int, side: str) -> None:
    found = reason(shown(breast(rows, columns, side=side)))
    assert found is None or ReasonCode(found)

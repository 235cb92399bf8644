"""Signs beside the breast: found on phantoms that have them, not found on those that have none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.phantom.markers import burned_in
from screening.dicom.deidentify.burned_in import blackened, look
from tests.dicom.builders import breast

LETTERS = ("RCC", "L", "LMLO", "OM")


def marked(text: str, side: str = "left", seed: int = 1) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """A picture without and with letters, 7 mm high, in the upper corner of its air."""
    pixels = breast(800, 640, side=side, seed=seed)
    with_letters = burned_in(pixels, pixels > 0, text, pixel_mm=0.3, value=3600)
    assert not np.array_equal(pixels, with_letters)
    return pixels, with_letters


@pytest.mark.parametrize("text", LETTERS)
@pytest.mark.parametrize("side", ["left", "right"])
def test_lead_letters_are_found_and_blackened_and_the_breast_stays(text: str, side: str) -> None:
    plain, lettered = marked(text, side)
    air = look(lettered.astype(np.float32))
    assert air is not None
    assert air.signs >= len(text)
    masked = blackened(lettered, air.mask)
    assert np.array_equal(masked, plain), "the air of this picture is black, so blackening it gives the picture back"


@pytest.mark.parametrize("seed", range(5))
def test_a_picture_without_letters_has_no_signs(seed: int) -> None:
    air = look(breast(800, 640, seed=seed).astype(np.float32))
    assert air is not None
    assert air.signs == 0


@pytest.mark.parametrize("noise", [0, 8, 30])
def test_noise_in_the_air_is_no_sign_and_hides_none(noise: int) -> None:
    plain, lettered = marked("RCC")
    rough = np.random.default_rng(3).normal(60, noise, plain.shape).astype(np.float32)
    quiet, loud = look(plain + rough), look(lettered + rough)
    assert quiet is not None
    assert quiet.signs == 0
    assert loud is not None
    assert loud.signs >= 3


def test_letters_as_bright_as_the_middle_of_the_breast_are_found() -> None:
    pixels = breast(800, 640)
    faint = burned_in(pixels, pixels > 0, "RCC", pixel_mm=0.3, value=int(np.median(pixels[pixels > 0])))
    air = look(faint.astype(np.float32))
    assert air is not None
    assert air.signs >= 3


def test_the_edge_of_the_field_is_no_sign() -> None:
    pixels = breast(800, 640)
    pixels[:, 636:] = 3000
    pixels[:3, 400:] = 3000
    air = look(pixels.astype(np.float32))
    assert air is not None
    assert air.signs == 0


def test_where_there_is_no_breast_nothing_is_promised() -> None:
    assert look(np.zeros((300, 200), np.float32)) is None
    words = np.zeros((300, 200), np.float32)
    words[100:110, 40:160] = 1
    assert look(words) is None


@pytest.mark.slow
@pytest.mark.parametrize("markers", [True, False])
def test_phantom_images_are_masked_when_they_were_made_with_markers(tmp_path: Path, markers: bool) -> None:
    from typer.testing import CliRunner

    from screening.app.cli import app
    from screening.workflow.research_export import Treatment
    from tests.dicom.deidentify.cases import treat

    made = CliRunner().invoke(
        app, ["phantom", "--out", str(tmp_path / "in"), "--exams", "2", *(["--markers"] * markers)]
    )
    assert made.exit_code == 0, made.output
    sources = sorted((tmp_path / "in").rglob("*.dcm"))
    assert len(sources) >= 4
    found = {treat(source, tmp_path / "out.dcm").treatment for source in sources}
    assert found == {Treatment.MASKED if markers else Treatment.EXPORTED}

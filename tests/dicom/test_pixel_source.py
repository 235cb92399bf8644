"""From file to picture: float32 in 0..1, air dark, chest wall left, and a way back to the stored pixels."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.sequence import Sequence

from screening.dicom.codes import BREAST_TOMOSYNTHESIS
from screening.dicom.pixel_source import DicomPixelSource
from screening.domain.errors import UnusableImage
from screening.domain.quality import ReasonCode
from screening.domain.study import Image
from screening.workflow.ports import PixelSource, PresentationImage
from tests.dicom.builders import OneFile, breast, code, compressed, lossless, mammogram, read_image, write

R = ReasonCode
RIGHT = {"ImageLaterality": "R", "PatientOrientation": ["P", "L"]}
OBLIQUE = {"ViewPosition": "MLO", "ViewCodeSequence": Sequence([code("399368009")])}


def source(path: Path) -> PixelSource:
    return DicomPixelSource(OneFile(path))


def load(path: Path, image: Image | None = None) -> PresentationImage:
    return source(path).load(image or read_image(path))


def present(tmp_path: Path, pixels: NDArray[np.uint16], **changes: object) -> PresentationImage:
    return load(write(mammogram(pixels, **changes), tmp_path / "a.dcm"))


def refused(tmp_path: Path, pixels: NDArray[np.uint16], **changes: object) -> str:
    with pytest.raises(UnusableImage) as caught:
        present(tmp_path, pixels, **changes)
    return caught.value.reason


def test_a_left_breast_is_shown_as_stored(tmp_path: Path) -> None:
    found = present(tmp_path, breast())
    assert found.pixels.dtype == np.float32
    assert (found.pixels.shape, found.warnings) == ((320, 256), ())
    assert (found.row_spacing_mm, found.column_spacing_mm) == (0.1, 0.2)
    assert np.allclose(found.pixels, breast() / 4095, atol=1e-3)


@pytest.mark.parametrize("changes", [RIGHT, {**RIGHT, **OBLIQUE, "PatientOrientation": ["P", "FL"]}])
def test_a_right_breast_is_mirrored_and_its_lesion_leads_back(tmp_path: Path, changes: dict[str, object]) -> None:
    pixels = breast(side="right")
    pixels[100:110, 200:215] = 4000
    found = present(tmp_path, pixels, **changes)
    y, x = np.nonzero(found.pixels > 0.97)
    box = (float(x.min()), float(y.min()), float(x.max() + 1), float(y.max() + 1))
    assert found.flip.to_stored(box) == (200.0, 100.0, 215.0, 110.0)
    assert found.pixels[:, :40].mean() > found.pixels[:, -40:].mean()


def test_monochrome1_is_shown_with_dark_air(tmp_path: Path) -> None:
    changes = {"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "INVERSE"}
    found = present(tmp_path, 4095 - breast(), **changes)
    assert np.allclose(found.pixels, present(tmp_path, breast()).pixels, atol=1e-3)


def test_white_padding_outside_the_field_becomes_air(tmp_path: Path) -> None:
    padded = np.pad(breast(), ((20, 20), (0, 30)), constant_values=4095)
    found = present(tmp_path, padded, PixelPaddingValue=4095)
    assert not found.pixels[:20].any()
    assert not found.pixels[:, -30:].any()


def test_an_unusable_window_is_told(tmp_path: Path) -> None:
    assert present(tmp_path, breast(), WindowWidth="0").warnings == (R.WINDOW_UNUSABLE,)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (RIGHT, R.ORIENTATION_CONFLICT),
        ({"PatientOrientation": ["P", "L"]}, R.ORIENTATION_CONFLICT),
        ({"ImageLaterality": "R", "PatientOrientation": None}, R.ORIENTATION_UNKNOWN),
        ({"PatientOrientation": ["A", "F"]}, R.ORIENTATION_UNKNOWN),
        ({"ImagerPixelSpacing": None}, R.SPACING_MISSING),
        ({"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": None}, R.CONTENT_IMPLAUSIBLE),
        ({"BitsStored": 10, "HighBit": 9}, R.BITS_STORED_EXCEEDED),
        ({"ImageLaterality": None}, R.LATERALITY_UNKNOWN),
        ({"ViewPosition": None, "ViewCodeSequence": None}, R.VIEW_UNKNOWN),
        ({"QualityControlImage": "YES"}, R.QUALITY_CONTROL),
        ({"PixelPaddingValue": 0, "PixelPaddingRangeLimit": 4095}, R.CONTENT_IMPLAUSIBLE),
    ],
)
def test_what_cannot_be_shown_rightly_is_refused(
    tmp_path: Path, changes: dict[str, object], reason: ReasonCode
) -> None:
    assert refused(tmp_path, breast(), **changes) == reason


def test_laterality_of_the_series_is_checked_against_the_pixels(tmp_path: Path) -> None:
    series = {"ImageLaterality": None, "Laterality": "R", "PatientOrientation": ["P", "L"]}
    assert present(tmp_path, breast(side="right"), **series).flip.horizontal
    assert refused(tmp_path, breast(side="left"), **series) == R.ORIENTATION_CONFLICT


def test_without_orientation_the_pixels_must_agree_with_the_side(tmp_path: Path) -> None:
    found = present(tmp_path, breast(side="right"), ImageLaterality="R", PatientOrientation=None)
    assert found.flip.horizontal
    assert found.pixels[:, :40].mean() > found.pixels[:, -40:].mean()


def test_a_volume_is_left_to_other_readers(tmp_path: Path) -> None:
    one = mammogram().PixelData
    changes = {"SOPClassUID": BREAST_TOMOSYNTHESIS, "NumberOfFrames": 2, "PixelData": one * 2}
    assert refused(tmp_path, breast(), **changes) == R.TOMOSYNTHESIS


def test_bytes_that_changed_in_the_store_are_refused(tmp_path: Path) -> None:
    path = write(mammogram(), tmp_path / "a.dcm")
    image = read_image(path)
    path.write_bytes(b"")
    with pytest.raises(UnusableImage) as caught:
        load(path, image)
    assert caught.value.reason == R.UNREADABLE


def test_a_stream_that_decodes_to_something_else_is_refused(tmp_path: Path) -> None:
    ds = compressed(mammogram(), lossless(breast(rows=300)))
    path = write(ds, tmp_path / "a.dcm", "1.2.840.10008.1.2.4.70")
    with pytest.raises(UnusableImage) as caught:
        load(path)
    assert caught.value.reason == R.PIXELS_UNDECODABLE


def test_threads_may_share_a_source(tmp_path: Path) -> None:
    path = write(compressed(mammogram(), lossless(breast())), tmp_path / "a.dcm", "1.2.840.10008.1.2.4.70")
    shared, image = source(path), read_image(path)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: shared.load(image).pixels, range(12)))
    assert all(np.array_equal(one, found[0]) for one in found)


def test_the_images_own_exclusion_comes_first(tmp_path: Path) -> None:
    path = write(mammogram(), tmp_path / "a.dcm")
    with pytest.raises(UnusableImage) as caught:
        load(path, replace(read_image(path), exclusion=R.SPECIMEN))
    assert caught.value.reason == R.SPECIMEN

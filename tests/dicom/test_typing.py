"""Every kind of object that can stand in a study of the breast is told apart by the standard's own attributes."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from screening.dicom import codes
from screening.domain.identifiers import minted_uid
from screening.domain.quality import ReasonCode
from screening.domain.study import ImageKind
from tests.dicom.builders import changed, code, mammogram, read_image, read_other, write

K, R = ImageKind, ReasonCode
CT = "1.2.840.10008.5.1.4.1.1.2"
DX = "1.2.840.10008.5.1.4.1.1.1.1"
NON_IMAGES = {
    "cad": "1.2.840.10008.5.1.4.1.1.88.50",
    "comprehensive": "1.2.840.10008.5.1.4.1.1.88.33",
    "key_object": "1.2.840.10008.5.1.4.1.1.88.59",
    "presentation_state": "1.2.840.10008.5.1.4.1.1.11.1",
    "pdf": "1.2.840.10008.5.1.4.1.1.104.1",
    "raw": "1.2.840.10008.5.1.4.1.1.66",
    "segmentation": "1.2.840.10008.5.1.4.1.1.66.4",
}


def slab(*words: str) -> dict[str, object]:
    return {"SOPClassUID": codes.BREAST_TOMOSYNTHESIS, "ImageType": list(words)}


@pytest.mark.parametrize(
    ("changes", "kind", "exclusion"),
    [
        ({}, K.FFDM, None),
        ({"SOPClassUID": codes.MG_PROCESSING, "PresentationIntentType": "FOR PROCESSING"}, K.FFDM_PROCESSING, None),
        ({"ImageType": ["DERIVED", "PRIMARY", "", "GENERATED_2D"]}, K.SYNTHETIC_2D, None),
        ({"SeriesDescription": "R CC C-View"}, K.SYNTHETIC_2D, None),
        (slab("DERIVED", "PRIMARY", "VOLUME", "NONE"), K.DBT, None),
        (slab("DERIVED", "PRIMARY", "TOMOSYNTHESIS", "MAX_IP"), K.SYNTHETIC_2D, None),
        ({"SOPClassUID": codes.PROJECTION_PRESENTATION}, K.PROJECTION, R.PROJECTION),
        ({"SOPClassUID": codes.PROJECTION_PROCESSING}, K.PROJECTION, R.PROJECTION),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "TOMO_PROJ"]}, K.PROJECTION, R.PROJECTION),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "STEREO_SCOUT"]}, K.STEREOTACTIC, R.STEREOTACTIC),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "PREFIRE_PLUS"]}, K.STEREOTACTIC, R.STEREOTACTIC),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "TOMO_SCOUT"]}, K.STEREOTACTIC, R.STEREOTACTIC),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "POST_CONTRAST"]}, K.CONTRAST, R.CONTRAST),
        ({"ImageType": ["DERIVED", "PRIMARY", "POST_CONTRAST", "SUBTRACTION"]}, K.CONTRAST, R.CONTRAST),
        ({"ImageType": ["DERIVED", "PRIMARY", "", "", "LOW_ENERGY"]}, K.CONTRAST, R.CONTRAST),
        ({"ContrastBolusAgent": "iodine"}, K.CONTRAST, R.CONTRAST),
        ({"ViewCodeSequence": Sequence([code("127457009")])}, K.SPECIMEN, R.SPECIMEN),
        ({"ViewCodeSequence": Sequence([code("G-8310", "SRT")])}, K.SPECIMEN, R.SPECIMEN),
        ({"PositionerType": "NONE", "StudyDescription": "Breast Specimen"}, K.SPECIMEN, R.SPECIMEN),
        ({"QualityControlImage": "YES"}, K.QUALITY_CONTROL, R.QUALITY_CONTROL),
        ({"DetectorType": "FILM"}, K.FILM, R.WRONG_SOP_CLASS),
        ({"SOPClassUID": codes.SECONDARY_CAPTURE, "Modality": "RG"}, K.FILM, R.WRONG_SOP_CLASS),
        ({"SOPClassUID": codes.SECONDARY_CAPTURE, "Modality": "OT"}, K.OTHER, R.WRONG_SOP_CLASS),
        (
            {"SOPClassUID": codes.SECONDARY_CAPTURE, "Manufacturer": "HOLOGIC, Inc."},
            K.PROPRIETARY_TOMOSYNTHESIS,
            R.PROPRIETARY_TOMOSYNTHESIS,
        ),
        (
            {"SOPClassUID": CT, "ManufacturerModelName": "MAMMOMAT Inspiration"},
            K.PROPRIETARY_TOMOSYNTHESIS,
            R.PROPRIETARY_TOMOSYNTHESIS,
        ),
        ({"SOPClassUID": CT}, K.OTHER, R.WRONG_SOP_CLASS),
        ({"SOPClassUID": DX}, K.OTHER, R.WRONG_SOP_CLASS),
        ({"SOPClassUID": "1.2.3.4.5"}, K.OTHER, R.WRONG_SOP_CLASS),
    ],
)
def test_kind_and_reason(
    tmp_path: Path, changes: dict[str, object], kind: ImageKind, exclusion: ReasonCode | None
) -> None:
    image = read_image(write(mammogram(**changes), tmp_path / "a.dcm"))
    assert (image.kind, image.exclusion) == (kind, exclusion)


def test_a_volume_of_many_frames_is_tomosynthesis(tmp_path: Path) -> None:
    one = mammogram().PixelData
    volume = mammogram(**slab("DERIVED", "PRIMARY", "VOLUME", "NONE"), NumberOfFrames=3, PixelData=one * 3)
    image = read_image(write(volume, tmp_path / "a.dcm"))
    assert (image.kind, image.frames, image.exclusion) == (K.DBT, 3, None)


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({"Modality": "DX"}, R.MODALITY_MISMATCH),
        ({"Modality": "OT"}, R.MODALITY_MISMATCH),
        ({"PresentationIntentType": "FOR PROCESSING"}, R.INTENT_MISMATCH),
    ],
)
def test_the_sop_class_wins_and_the_contradiction_is_told(
    tmp_path: Path, changes: dict[str, object], warning: ReasonCode
) -> None:
    image = read_image(write(mammogram(**changes), tmp_path / "a.dcm"))
    assert (image.kind, image.exclusion, image.warnings) == (K.FFDM, None, (warning,))


def test_hologic_private_tomosynthesis_is_told_by_its_group(tmp_path: Path) -> None:
    ds = mammogram(SOPClassUID=codes.SECONDARY_CAPTURE, Modality="OT", Manufacturer="HOLOGIC, Inc.", PixelData=None)
    block = ds.private_block(0x7E01, "HOLOGIC, Inc.", create=True)
    block.add_new(0x12, "OB", bytes(4096))
    assert read_image(write(ds, tmp_path / "a.dcm")).exclusion is R.PROPRIETARY_TOMOSYNTHESIS


@pytest.mark.parametrize("sop_class", NON_IMAGES.values(), ids=NON_IMAGES.keys())
def test_reports_and_states_are_stored_and_never_images(tmp_path: Path, sop_class: str) -> None:
    found = read_other(write(report(sop_class, "1.2.3.9"), tmp_path / "a.dcm"))
    assert (found.reason, found.sop_class_uid) == (R.NOT_AN_IMAGE, sop_class)


def test_dose_reports_have_their_own_reason(tmp_path: Path) -> None:
    found = read_other(write(report("1.2.840.10008.5.1.4.1.1.88.67", "1.2.3.9"), tmp_path / "a.dcm"))
    assert found.reason is R.DOSE_REPORT


@pytest.mark.parametrize("sop_class", [NON_IMAGES["cad"], NON_IMAGES["presentation_state"], codes.SECONDARY_CAPTURE])
def test_our_own_result_is_recognised_when_it_comes_back(tmp_path: Path, sop_class: str) -> None:
    own = report(sop_class, minted_uid("run-1", "cad-sr"))
    changed(own, {"Rows": 64, "Columns": 64})
    assert read_other(write(own, tmp_path / "a.dcm")).reason is R.OWN_RESULT


def test_a_mammogram_with_a_minted_uid_is_still_a_mammogram(tmp_path: Path) -> None:
    synthetic = mammogram(SOPInstanceUID=minted_uid("woman-1", "LCC"))
    assert read_image(write(synthetic, tmp_path / "a.dcm")).exclusion is None


def report(sop_class: str, uid: str) -> Dataset:
    """An object without pixels."""
    return mammogram(SOPClassUID=sop_class, SOPInstanceUID=uid, PixelData=None, Rows=None, Columns=None, Modality="SR")

"""An explanation says everything the read rests on, shows it where it is, and names nobody."""

from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from readers.ai.calibration import Calibrations
from readers.ai.explain.explaining import JSON_FILE, explain
from readers.ai.explain.painting import colours
from readers.ai.explain.saliency import SaliencyMap
from readers.ai.reader import NeuralReader
from screening.domain.ai_read import AiStatus, Region
from screening.domain.geometry import Box
from screening.domain.identifiers import SopInstanceUid
from screening.domain.quality import ReasonCode
from screening.domain.study import Slot
from tests.dicom_out.samples import HEADER, OBJECTED, no_read, uid_of
from tests.readers.ai.explained import COLUMNS, ROWS, full_read, phantom
from tests.readers.ai.known_model import KnownModel
from tests.readers.ai.studies import Pictures, study


def hot() -> dict[SopInstanceUid, SaliencyMap]:
    """Evidence at the lesion of the right MLO, in cells of 16 pixels of the picture; the same cells on every view."""
    pictures, boxes = phantom()
    return {uid_of(slot): _hot(picture.flip.to_stored(boxes[Slot.RMLO])) for slot, picture in pictures.items()}


def _hot(box: Box) -> SaliencyMap:
    x0, y0, x1, y1 = (round(value / 16) for value in box)
    cells = np.zeros((ROWS // 16, COLUMNS // 16), np.float32)
    cells[y0:y1, x0:x1] = 1.0
    return SaliencyMap(cells, (0.0, 0.0, float(COLUMNS), float(ROWS)))


def nowhere(_region: Region) -> None:
    return None


def pixels(png: bytes) -> NDArray[np.int16]:
    with Image.open(BytesIO(png)) as image:
        return np.asarray(image.convert("RGB")).astype(np.int16)


def told(files: dict[str, bytes]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(files[JSON_FILE])
    return document


def test_the_document_names_its_form_label_pictures_and_evidence() -> None:
    pictures, _ = phantom()
    files = explain(full_read(), pictures, hot(), nowhere)
    document = told(files)
    assert (document["schema"], document["version"]) == ("secondread-explanation", 1)
    assert document["label"] == "phantom-trained, not for clinical use"
    named = {image["saliency"] for image in document["images"]} | {region["crop"] for region in document["regions"]}
    assert named | {JSON_FILE} == set(files)
    first = document["regions"][0]
    assert first["evidence"]["agrees"] == ["RCC"]
    assert first["evidence"]["text"][0] == "also marked in R CC"
    assert first["box"] == list(phantom()[1][Slot.RMLO])
    assert {note["code"] for image in document["images"] for note in image["quality"]} == {
        "pectoral_short",
        "nipple_not_in_profile",
    }
    assert document["breasts"][0]["text"] == ["CC and MLO agree (0.87)", "more suspicious than the prior (+1.9)"]


def test_saliency_lies_where_the_lesion_is_as_films_are_hung() -> None:
    """The right breast is shown with its chest wall at the right, which is how its stored pixels lie."""
    pictures, boxes = phantom()
    shown = pixels(explain(full_read(), pictures, hot(), nowhere)["saliency-RMLO.png"])[:ROWS]
    warm = (shown[:, :, 0] - shown[:, :, 2]) > 40
    rows, columns = np.nonzero(warm)
    x0, y0, x1, y1 = boxes[Slot.RMLO]
    assert abs(columns.mean() - (x0 + x1) / 2) < 12
    assert abs(rows.mean() - (y0 + y1) / 2) < 12
    assert 0.3 < warm.sum() / ((x1 - x0) * (y1 - y0)) < 3


def test_without_saliency_the_view_stays_grey() -> None:
    pictures, _ = phantom()
    plain = explain(replace(full_read(), regions=(), explanation=()), pictures, {}, nowhere)
    shown = pixels(plain["saliency-RMLO.png"])[:ROWS]
    assert int(np.ptp(shown, axis=2).max()) == 0


def test_colours_keep_their_order_in_grey() -> None:
    """Lightness rises with the evidence, so the order survives colour blindness and grey print."""
    rgb = colours(np.linspace(0, 1, 50, dtype=np.float32))
    lightness = rgb @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(lightness) > 0).all()


def test_a_crop_shows_every_pixel_of_the_image_and_the_box_of_the_mark() -> None:
    pictures, _ = phantom()
    crop = pixels(explain(full_read(), pictures, {}, nowhere)["region-01-RMLO.png"])
    assert crop.shape[0] == crop.shape[1]
    assert crop.shape[0] >= 360
    blue = (crop[:, :, 2] - crop[:, :, 0]) > 80
    rows, columns = np.nonzero(blue)
    assert 40 < columns.min() < columns.max() < crop.shape[1] - 40
    assert abs((rows.min() + rows.max()) / 2 - crop.shape[0] / 2) < 25


@pytest.mark.parametrize("read", [OBJECTED, no_read(AiStatus.FAILED, ReasonCode.MODEL_FAILED)])
def test_a_run_that_is_no_read_is_explained_by_its_reasons(read: Any) -> None:
    document = told(explain(replace(read, slots=()), {}, {}, nowhere))
    assert document["is_a_read"] is False
    assert document["reasons"][0]["text"]
    assert (document["exam_score"], document["regions"]) == (None, [])


def test_no_person_is_named() -> None:
    pictures, _ = phantom()
    said = explain(full_read(), pictures, hot(), nowhere)[JSON_FILE].decode()
    woman = HEADER.participant
    for secret in (woman.family, woman.given, woman.person.value, woman.birth_date):
        assert secret not in said


def test_the_same_read_gives_the_same_bytes() -> None:
    pictures, _ = phantom()
    assert explain(full_read(), pictures, hot(), nowhere) == explain(full_read(), pictures, hot(), nowhere)


def test_a_map_covers_the_picture_it_was_made_of() -> None:
    found = NeuralReader(KnownModel(), Calibrations([])).explained(study(), Pictures(), "").saliency
    assert set(found) == {one.sop_instance_uid for one in study().images}
    for one in found.values():
        x0, y0, x1, y1 = one.box
        assert x1 - x0 > COLUMNS / 2
        assert y1 - y0 > ROWS / 2


def test_evidence_of_all_depths_says_so() -> None:
    """On one frame of a volume evidence of another depth would mislead."""
    pictures, _ = phantom()
    deep = {uid: replace(found, all_depths=True) for uid, found in hot().items()}
    flat, said = (explain(full_read(), pictures, maps, nowhere) for maps in (hot(), deep))
    assert {image["all_depths"] for image in told(flat)["images"]} == {False}
    assert {image["all_depths"] for image in told(said)["images"]} == {True}
    assert pixels(said["saliency-RCC.png"]).shape[0] > pixels(flat["saliency-RCC.png"]).shape[0]

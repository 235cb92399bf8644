"""The model that ships: finds held-out phantom cancers, marks them where they are, refuses what is no mammogram."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models import cards, phantom
from models.engines.protocol import ViewPrediction
from models.errors import CardInvalid
from models.evaluate import auc
from models.labels import DENSITIES, LESION_TYPES
from models.predict import LoadedModel, load
from models.train.samples import presentation

UNSEEN = 5_000_000
"""First woman of these tests; training, validation and the card's held-out women begin at 1, 3 and 2 million."""
BREAST_AUC_FLOOR = 0.75

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return load()


def view_of(seed: int, kind: phantom.spec.LesionKind = "spiculated_mass") -> phantom.PhantomView:
    """A plain cancer in a fatty breast that no reader should miss."""
    lesion = phantom.LesionSpec(kind, True, "L", size_mm=15.0, conspicuity=1.6, position=(0.45, 0.3, -0.3))
    return phantom.breast(seed, phantom.ExamSpec(lesions=(lesion,), density="b"), "L")[0]


def predict(model: LoadedModel, view: phantom.PhantomView) -> ViewPrediction:
    return model.predict_view(presentation(view), view.pixel_mm)


def test_it_is_loaded_once_and_says_what_it_is(model: LoadedModel) -> None:
    assert load() is model
    assert model.info.phantom_trained
    assert model.info.label == "phantom-trained, not for clinical use"
    assert model.info.precision == "f32"
    assert len(model.info.weights_sha256) == 64
    assert model.info.runtime.startswith(f"{model.info.engine} ")


def test_a_prediction_is_complete_and_repeats_itself(model: LoadedModel) -> None:
    view = view_of(UNSEEN)
    first, again = predict(model, view), predict(model, view)
    assert 0.0 <= first.malignancy <= 1.0
    assert set(first.lesion_types) == set(LESION_TYPES)
    assert set(first.densities) == set(DENSITIES)
    assert sum(first.densities.values()) == pytest.approx(1.0)
    assert (first.malignancy, first.regions) == (again.malignancy, again.regions)


def test_a_plain_cancer_is_marked_in_the_caller_s_pixels(model: LoadedModel) -> None:
    hits = 0
    for seed in range(UNSEEN, UNSEEN + 6):
        view = view_of(seed)
        regions = predict(model, view).regions
        (truth,) = view.lesions
        if regions:
            x, y = (regions[0].box[0] + regions[0].box[2]) / 2, (regions[0].box[1] + regions[0].box[3]) / 2
            hits += truth.box[0] - 5 <= x <= truth.box[2] + 5 and truth.box[1] - 5 <= y <= truth.box[3] + 5
    assert hits >= 4


def test_the_saliency_map_peaks_where_its_transform_says(model: LoadedModel) -> None:
    answer = predict(model, view_of(UNSEEN + 1))
    row, col = np.unravel_index(answer.saliency.argmax(), answer.saliency.shape)
    x, y = answer.saliency_transform.point_to_source(float(col) + 0.5, float(row) + 0.5)
    box = answer.regions[0].box
    assert box[0] <= x <= box[2]
    assert box[1] <= y <= box[3]


def test_resolution_of_the_caller_s_image_hardly_matters(model: LoadedModel) -> None:
    view = view_of(UNSEEN + 2)
    pixels = presentation(view)
    doubled = np.repeat(np.repeat(pixels, 2, 0), 2, 1)
    coarse, fine = predict(model, view), model.predict_view(doubled, view.pixel_mm / 2)
    assert fine.malignancy == pytest.approx(coarse.malignancy, abs=0.02)
    assert np.array(fine.regions[0].box) / 2 == pytest.approx(np.array(coarse.regions[0].box), abs=1.0)


def breast_auc(model: LoadedModel, women: int) -> float:
    """AUC over one breast per woman, half of them with a cancer, benign findings everywhere."""
    scores, truth = [], []
    for seed in range(UNSEEN + 100, UNSEEN + 100 + women):
        spec = phantom.screening_spec(seed, malignant_share=float(seed % 2))
        side = next((x.laterality for x in spec.lesions if x.malignant), phantom.LATERALITIES[seed // 2 % 2])
        scores.append(fmean(predict(model, view).malignancy for view in phantom.breast(seed, spec, side)))
        truth.append(seed % 2 == 1)
    return auc(np.array(scores), np.array(truth))


def test_it_separates_a_few_unseen_breasts(model: LoadedModel) -> None:
    assert breast_auc(model, 40) > 0.65


@pytest.mark.slow
def test_it_separates_unseen_breasts_above_the_stated_floor(model: LoadedModel) -> None:
    assert breast_auc(model, 200) > BREAST_AUC_FLOOR


def not_a_mammogram(kind: str) -> NDArray[np.float32]:
    rng = np.random.default_rng(1)
    y, x = np.mgrid[0:640, 0:512].astype(np.float32)
    images = {
        "blank": np.zeros((640, 512)),
        "white": np.ones((640, 512)),
        "noise": rng.random((640, 512)),
        "noisy disc": rng.random((640, 512)) * (np.hypot(x, y - 320) < 250),
        "smooth disc": (1 - np.hypot(x, y - 320) / 300).clip(0, 1),
        "bars": ((x // 40) % 2) * 0.8 * (x < 300),
        "checkerboard": ((x // 8 + y // 8) % 2) * (np.hypot(x, y - 320) < 250),
    }
    return np.asarray(images[kind], np.float32)


@pytest.mark.parametrize("kind", ["blank", "white", "noise", "noisy disc", "smooth disc", "bars", "checkerboard"])
def test_what_is_no_mammogram_scores_far_outside(model: LoadedModel, kind: str) -> None:
    assert model.predict_view(not_a_mammogram(kind), 0.3).ood_score > 1.5


def test_phantom_views_score_inside(model: LoadedModel) -> None:
    scores = [
        predict(model, view).ood_score
        for seed in range(UNSEEN + 500, UNSEEN + 510)
        for view in phantom.breast(seed, phantom.screening_spec(seed), "R")
    ]
    assert np.mean(np.array(scores) < 1.0) >= 0.9
    assert max(scores) < 1.5


def test_a_full_resolution_view_scores_inside_and_like_the_small_one(model: LoadedModel) -> None:
    lesion = phantom.LesionSpec("spiculated_mass", True, "L", size_mm=15.0, conspicuity=1.6, position=(0.45, 0.3, -0.3))
    spec = replace(phantom.ExamSpec(lesions=(lesion,), density="b"))
    small, large = (phantom.breast(UNSEEN, s, "L")[0] for s in (spec, spec.at_full_resolution()))
    first, second = predict(model, small), predict(model, large)
    assert second.ood_score < 1.0
    assert second.malignancy == pytest.approx(first.malignancy, abs=0.25)


def test_the_reference_scores_are_enough_to_calibrate_each_style() -> None:
    reference = cards.reference("phantom-ffdm")
    assert list(reference.exam_deciles) == sorted(reference.exam_deciles)
    assert len(reference.exam_deciles) == 9
    for vendor in {row.vendor for row in reference.scores}:
        for unit in ("exam", "breast"):
            rows = [row for row in reference.scores if (row.unit, row.vendor) == (unit, vendor)]
            assert len(rows) >= 120
            assert 25 <= sum(row.malignant for row in rows) <= len(rows) - 60


def test_reference_scores_of_other_weights_calibrate_nothing(model: LoadedModel) -> None:
    assert model.reference().weights_sha256 == model.info.weights_sha256
    other = replace(model, info=replace(model.info, weights_sha256="0" * 64))
    with pytest.raises(CardInvalid, match="other weights"):
        other.reference()


@pytest.mark.slow
def test_the_card_s_exam_figure_follows_from_the_reference_scores() -> None:
    reference = cards.reference("phantom-ffdm")
    exams = [row for row in reference.scores if (row.unit, row.vendor) == ("exam", "style-c")]
    found = auc(np.array([row.score for row in exams]), np.array([row.malignant for row in exams]))
    card = tomllib.loads(Path(cards.FOLDER / "phantom-ffdm.toml").read_text(encoding="utf-8"))
    assert card["held_out"]["exam"]["auc"] == pytest.approx(found, abs=1e-4)

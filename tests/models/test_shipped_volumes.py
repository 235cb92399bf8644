"""The tomosynthesis model that ships: marks a plain cancer in the slice it lies in, and is fit to be calibrated."""

from __future__ import annotations

import pytest

from models import cards, phantom
from models.phantom.spec import PhantomVolume
from models.predict import LoadedModel, load
from models.train.volumes import Frames

UNSEEN = 6_000_000
"""First woman of these tests, beyond every split of training and judging."""
NEAR_SLICES = 3
MM_BESIDE = 2.0


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return load("phantom-dbt")


def volume_of(seed: int, *lesions: phantom.LesionSpec) -> PhantomVolume:
    """A fatty left breast, from the head, of a device that training never saw."""
    spec = phantom.ExamSpec(lesions=lesions, density="b", vendor="style-c")
    return phantom.tomosynthesis(seed, spec, "L", "CC")


def cancer(size_mm: float = 15.0) -> phantom.LesionSpec:
    return phantom.LesionSpec(
        "spiculated_mass", True, "L", size_mm=size_mm, conspicuity=1.6, position=(0.45, 0.3, -0.3)
    )


def test_it_says_what_it_is(model: LoadedModel) -> None:
    assert model.info.family == "dbt"
    assert model.info.label == "phantom-trained, not for clinical use"


def test_a_plain_cancer_is_the_first_mark_near_its_slice(model: LoadedModel) -> None:
    volume = volume_of(UNSEEN, cancer())
    (truth,) = volume.lesions
    first = model.predict_volume(Frames(volume)).regions[0]
    x0, y0, x1, y1 = truth.box
    near = MM_BESIDE / volume.pixel_mm
    assert x0 - near <= (first.box[0] + first.box[2]) / 2 <= x1 + near
    assert y0 - near <= (first.box[1] + first.box[3]) / 2 <= y1 + near
    assert first.frame is not None
    assert abs(first.frame - truth.frame) <= NEAR_SLICES


def test_a_volume_with_a_cancer_scores_above_the_same_without(model: LoadedModel) -> None:
    def score(*lesions: phantom.LesionSpec) -> list[float]:
        return [model.predict_volume(Frames(volume_of(UNSEEN + n, *lesions))).malignancy for n in range(3)]

    assert min(score(cancer())) > max(score())


def test_the_reference_scores_are_enough_to_calibrate_the_unseen_style() -> None:
    exams = [score for score in cards.reference("phantom-dbt").scores if score.unit == "exam"]
    assert {score.vendor for score in exams} == {"style-c"}
    assert sum(score.malignant for score in exams) >= 20
    assert sum(not score.malignant for score in exams) >= 100

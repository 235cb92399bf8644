"""The way of a view through the graphs, over an engine that is known to find what is bright."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from models.errors import InputInvalid
from models.ood import NO_BREAST
from models.pipeline import ImagePipeline
from models.preprocess import prepare
from tests.models.known import BrightEngine, breast_picture, far_from_nothing

PIXEL_MM = 0.2


@pytest.fixture
def engine() -> BrightEngine:
    return BrightEngine()


@pytest.fixture
def pipeline(engine: BrightEngine) -> ImagePipeline:
    return ImagePipeline(engine, far_from_nothing(3))


@pytest.mark.parametrize("at", [(120, 450), (300, 300), (260, 620)])
def test_a_bright_spot_is_marked_where_it_is_and_read_again_at_full_resolution(
    engine: BrightEngine, pipeline: ImagePipeline, at: tuple[int, int]
) -> None:
    answer = pipeline.predict(prepare(breast_picture(at=at, radius=20), PIXEL_MM))
    first = answer.regions[0]
    assert first.box[0] <= at[0] <= first.box[2]
    assert first.box[1] <= at[1] <= first.box[3]
    assert max(first.box[2] - first.box[0], first.box[3] - first.box[1]) * PIXEL_MM < 25
    assert engine.crops[0][0, 0, 88:104, 88:104].min() > 2
    assert first.frame is None
    assert first.local_score is not None
    assert first.local_score > 0.9
    assert first.lesion_type == "calcification"
    assert first.attention == pytest.approx(1 / len(answer.regions))
    assert answer.descriptor.size == 3 + 7


def test_regions_come_strongest_first_and_their_scores_join_map_and_crop(pipeline: ImagePipeline) -> None:
    picture = breast_picture(at=(150, 300), radius=20)
    other = breast_picture(at=(300, 560), radius=10)
    answer = pipeline.predict(prepare(np.maximum(picture, other), PIXEL_MM))
    scores = [region.score for region in answer.regions]
    assert len(scores) >= 2
    assert scores == sorted(scores, reverse=True)
    for region in answer.regions:
        low, high = sorted([region.global_score, region.local_score or 0.0])
        assert low - 1e-6 <= region.score <= high + 1e-6


def test_a_view_without_a_suspicious_place_is_scored_without_crops(
    engine: BrightEngine, pipeline: ImagePipeline
) -> None:
    answer = pipeline.predict(prepare(breast_picture(), PIXEL_MM))
    assert answer.regions == ()
    assert engine.crops == []
    assert answer.malignancy == pytest.approx(0.5)


def test_a_view_without_a_breast_is_far_outside_and_has_no_regions(pipeline: ImagePipeline) -> None:
    answer = pipeline.predict(prepare(np.zeros((500, 400), np.float32), PIXEL_MM))
    assert answer.ood_score == NO_BREAST
    assert answer.regions == ()
    assert answer.notes == ("no_breast",)


def test_the_answer_does_not_depend_on_what_was_read_before(pipeline: ImagePipeline) -> None:
    views = [prepare(breast_picture(at=(100 + 40 * i, 400)), PIXEL_MM) for i in range(3)]
    forward = [pipeline.predict(view) for view in views]
    backward = [pipeline.predict(view) for view in reversed(views)][::-1]
    assert [v.regions for v in forward] == [v.regions for v in backward]
    assert all(np.array_equal(a.saliency, b.saliency) for a, b in zip(forward, backward, strict=True))


def test_a_model_of_single_images_refuses_a_volume(pipeline: ImagePipeline) -> None:
    class Frames:
        count, pixel_mm, slice_mm = 3, 0.1, 1.0

        def frame(self, index: int) -> NDArray[np.float32]:
            raise AssertionError(index)

    with pytest.raises(InputInvalid):
        pipeline.predict_volume(Frames())

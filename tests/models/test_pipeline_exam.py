"""From views to breasts and the exam: the exam network on any engine, the plain rule without one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.architectures import build
from models.engines.pytorch import PyTorchEngine
from models.errors import InputInvalid
from models.labels import SLOTS, Laterality, ViewName
from models.pipeline_exam import predict_exam, probability
from models.predictions import ViewPrediction
from models.preprocess import ViewTransform
from tests.models.known import BrightEngine, shaken

Views = dict[tuple[Laterality, ViewName], ViewPrediction]


@pytest.fixture(scope="module")
def engine() -> PyTorchEngine:
    torch.manual_seed(2)
    network = build("exam_fusion.small")
    torch.nn.init.normal_(network.output.weight, std=0.5)
    return PyTorchEngine(shaken(network, 2).graphs(), device="cpu")  # type: ignore[operator]


def view(malignancy: float, embedding: int = 32) -> ViewPrediction:
    rng = np.random.default_rng(int(1000 * malignancy))
    code = rng.standard_normal(embedding).astype(np.float32)
    if embedding:
        code[0] = np.log(malignancy / (1 - malignancy))
    nothing = np.zeros((2, 2), np.float32)
    return ViewPrediction(malignancy, nothing, ViewTransform(0, 0, 1), {}, {}, (), 0.1, 0.4, (), code)


def exam(*scores: float, embedding: int = 32) -> Views:
    return {slot: view(score, embedding) for slot, score in zip(SLOTS, scores, strict=False)}


def test_a_whole_exam_has_both_breasts_and_no_change_without_a_prior(engine: PyTorchEngine) -> None:
    answer = predict_exam(engine, exam(0.2, 0.3, 0.7, 0.9), {})
    assert set(answer.breasts) == {"L", "R"}
    assert 0 < answer.malignancy < 1
    assert not answer.prior_used
    assert [breast.change for breast in answer.breasts.values()] == [None, None]
    assert answer.breasts["L"].agreement == pytest.approx(0.9)
    assert answer.breasts["R"].agreement == pytest.approx(0.8)


def test_the_order_in_which_views_come_does_not_matter(engine: PyTorchEngine) -> None:
    views = exam(0.2, 0.3, 0.7, 0.9)
    assert predict_exam(engine, views, {}) == predict_exam(engine, dict(reversed(views.items())), {})


def test_a_breast_that_was_not_seen_is_not_reported_and_one_view_agrees_with_none(engine: PyTorchEngine) -> None:
    answer = predict_exam(engine, exam(0.4), {})
    assert set(answer.breasts) == {"L"}
    assert answer.breasts["L"].agreement == 0.0


def test_the_same_views_as_prior_are_no_change_and_others_are(engine: PyTorchEngine) -> None:
    now = exam(0.2, 0.3, 0.7, 0.9)
    same, less = predict_exam(engine, now, now), predict_exam(engine, now, exam(0.1, 0.1, 0.1, 0.2))
    assert same.prior_used
    assert less.prior_used
    assert less.breasts["R"].change is not None
    assert less.breasts["R"].change != pytest.approx(same.breasts["R"].change)


def test_a_prior_of_one_breast_says_nothing_of_the_other(engine: PyTorchEngine) -> None:
    answer = predict_exam(engine, exam(0.2, 0.3, 0.7, 0.9), exam(0.2, 0.3))
    assert answer.breasts["L"].change is not None
    assert answer.breasts["R"].change is None


def test_a_prior_counts_as_used_where_the_network_compares_a_breast_with_it(engine: PyTorchEngine) -> None:
    left, right = (SLOTS[0], view(0.4)), (SLOTS[2], view(0.6))
    other_view_of_left, unseen = {SLOTS[1]: view(0.2)}, {SLOTS[3]: view(0.2)}
    assert predict_exam(engine, dict([left]), other_view_of_left).prior_used
    assert predict_exam(engine, dict([left]), other_view_of_left) != predict_exam(engine, dict([left]), {})
    answer = predict_exam(engine, dict([left]), unseen)
    assert not answer.prior_used
    assert answer.malignancy == predict_exam(engine, dict([left]), {}).malignancy
    assert predict_exam(engine, dict([left, right]), unseen).breasts["R"].change is not None


def test_a_model_without_an_exam_network_is_fused_by_the_plain_rule() -> None:
    answer = predict_exam(BrightEngine(), exam(0.2, 0.4, 0.6, 0.8, embedding=0), {})
    assert answer.breasts["L"].malignancy == pytest.approx(0.3)
    assert answer.breasts["R"].malignancy == answer.malignancy == pytest.approx(0.7)
    assert not answer.prior_used


def test_an_exam_without_views_is_refused(engine: PyTorchEngine) -> None:
    with pytest.raises(InputInvalid):
        predict_exam(engine, {}, {})


@pytest.mark.parametrize("logit", [-1e9, -3.0, 0.0, 3.0, 1e9])
def test_a_probability_stays_between_0_and_1(logit: float) -> None:
    assert 0.0 <= probability(logit) <= 1.0

"""An imported model answers like any other: finite scores, regions where its network makes them, never as known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models import predict
from models.architectures.gmic import pick_windows
from models.errors import EngineUnavailable, InputInvalid, NoScore, UnknownModel
from models.importers.convert import Options, import_checkpoint
from models.importers.kinds import KINDS, build
from models.importers.loaded import ImportedModel, load
from models.importers.plan import Plan
from models.predictions import ViewPrediction
from tests.models.importers import published

SMALL = {"gmic": (736, 480), "timm": (256, 128), "mirai": (256, 208)}
"""Input sizes of the fast tests; the networks are convolutional and take any."""


def _breast(rows: int = 900, cols: int = 500, seed: int = 0) -> NDArray[np.float32]:
    """Half an ellipse of textured tissue at the left edge, a bright disc in it, air elsewhere."""
    y, x = np.mgrid[0:rows, 0:cols].astype(np.float32)
    inside = ((y - rows / 2) / (rows * 0.4)) ** 2 + (x / (cols * 0.7)) ** 2 < 1
    tissue = 0.45 + 0.1 * np.random.default_rng(seed).random((rows, cols), np.float32)
    tissue[(y - 500) ** 2 + (x - 150) ** 2 < 30**2] = 0.95
    return np.where(inside, tissue, 0.0).astype(np.float32)


def _state(kind: str) -> published.State:
    return {"gmic": published.gmic, "timm": published.convnext_atto, "mirai": published.mirai}[kind]()


def _loaded(kind: str, folder: Path, plan: Plan | None = None, state: published.State | None = None) -> ImportedModel:
    torch.save(state or _state(kind), folder / "published.pth")
    network = {"backbone": "convnext_atto"} if kind == "timm" else None
    import_checkpoint(kind, folder / "published.pth", folder / "out", Options("tried", network=network, plan=plan))
    return load(folder / "out")


BIG = [pytest.param(kind, marks=pytest.mark.slow) for kind in ("gmic", "mirai")]


@pytest.fixture(scope="module", params=["timm", *BIG])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ImportedModel:
    rows, cols = SMALL[request.param]
    plan = replace(KINDS[request.param].plan, rows=rows, cols=cols)
    return _loaded(request.param, tmp_path_factory.mktemp(request.param), plan)


@pytest.fixture(scope="module")
def answer(model: ImportedModel) -> ViewPrediction:
    return model.predict_view(_breast(), 0.2)


def test_scores_are_finite_and_the_view_counts_as_outside_what_the_model_knows(
    model: ImportedModel, answer: ViewPrediction
) -> None:
    assert 0.0 < answer.malignancy < 1.0
    assert np.isfinite(answer.saliency).all()
    assert answer.ood_score > 1.0
    assert np.isfinite(answer.descriptor).all()
    assert answer.descriptor.size > 200
    assert model.info.phantom_trained is False
    assert model.info.label == "imported, not commissioned here"


def test_two_runs_give_the_same_bits(model: ImportedModel, answer: ViewPrediction) -> None:
    again = model.predict_view(_breast(), 0.2)
    assert again.malignancy == answer.malignancy
    assert np.array_equal(again.descriptor, answer.descriptor)
    assert again.regions == answer.regions


def test_only_gmic_makes_regions_and_they_lie_in_the_image(model: ImportedModel, answer: ViewPrediction) -> None:
    regions = answer.regions
    if "gmic" not in model.info.preprocessing_id:
        assert regions == ()
        return
    assert 1 <= len(regions) <= 6
    for region in regions:
        assert 0 <= region.box[0] < region.box[2] <= 500
        assert 0 <= region.box[1] < region.box[3] <= 900
        assert 0 < region.score < 1
        assert 0 < region.attention < 1
        assert region.lesion_type is None
    assert sum(region.attention for region in regions) <= 1.0 + 1e-5
    assert [region.score for region in regions] == sorted((region.score for region in regions), reverse=True)


def test_an_exam_is_fused_by_the_plain_rule(model: ImportedModel, answer: ViewPrediction) -> None:
    exam = model.predict_exam(
        {
            ("L", "CC"): replace(answer, malignancy=0.2),
            ("L", "MLO"): replace(answer, malignancy=0.6),
            ("R", "CC"): replace(answer, malignancy=0.3),
        }
    )
    assert exam.breasts["L"].malignancy == pytest.approx(0.4)
    assert exam.malignancy == pytest.approx(0.4)


class Volume:
    """Two empty frames."""

    count, pixel_mm, slice_mm = 2, 0.1, 1.0

    def frame(self, index: int) -> NDArray[np.float32]:
        return np.full((64, 64), float(index), np.float32)


def test_volumes_bad_arrays_and_unknown_names_are_refused(model: ImportedModel, tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match="single images"):
        model.predict_volume(Volume())
    with pytest.raises(InputInvalid):
        model.predict_view(np.full((100, 100), np.nan, np.float32), 0.1)
    with pytest.raises(UnknownModel, match="0 models"):
        load(tmp_path)


def test_an_image_without_a_breast_has_a_note_and_no_regions(model: ImportedModel) -> None:
    answer = model.predict_view(np.zeros((600, 400), np.float32), 0.2)
    assert answer.notes == ("no_breast",)
    assert answer.regions == ()
    assert answer.ood_score > 1


@pytest.mark.slow
def test_an_encoder_without_a_head_gives_features_and_refuses_a_score(tmp_path: Path) -> None:
    plan = replace(KINDS["mirai"].plan, rows=256, cols=208)
    model = _loaded("mirai", tmp_path, plan, published.mirai(head=False))
    prepared = model.prepare(_breast(), 0.2)
    assert model.embed(prepared).shape == (512,)
    with pytest.raises(NoScore) as refusal:
        model.predict(prepared)
    assert refusal.value.code == "model_no_score"


def test_the_front_door_loads_a_card_by_its_path(tmp_path: Path) -> None:
    torch.save(published.hollow(published.convnext_atto()), tmp_path / "published.pth")
    options = Options("tried", network={"backbone": "convnext_atto"})
    card = import_checkpoint("timm", tmp_path / "published.pth", tmp_path, options).card
    model = predict.load(str(card))
    assert model.info == load(tmp_path).info
    assert model is predict.load(str(card))
    with pytest.raises(EngineUnavailable):
        predict.load(str(card), engine="openvino")
    with pytest.raises(UnknownModel):
        predict.load(str(tmp_path / "none.toml"))


@pytest.mark.parametrize("kind", ["timm", *BIG])
def test_the_gradient_reaches_every_parameter(kind: str) -> None:
    sizes: dict[str, dict[str, object]] = {
        "gmic": {"crops": 2, "crop_px": 64},
        "timm": {"backbone": "convnext_atto"},
        "mirai": {"factors": [["age", 4]]},
    }
    network = build(KINDS[kind], sizes[kind])
    torch.manual_seed(8)
    answer = network(torch.randn(2, 1 if kind == "gmic" else 3, 256, 192))
    sum(part.square().sum() for part in answer if part.is_floating_point()).backward()
    assert [name for name, value in network.named_parameters() if value.grad is None] == []


def test_the_risk_never_falls_from_year_to_year() -> None:
    from models.architectures.mirai_encoder import MiraiEncoder

    torch.manual_seed(7)
    network = MiraiEncoder(list(published.FACTORS.items())).eval()
    with torch.inference_mode():
        risk = network(torch.randn(2, 3, 96, 64)).risk
    assert (risk.diff(dim=1) >= 0).all()


def test_windows_are_taken_where_most_saliency_is_left() -> None:
    saliency = np.zeros((2, 12, 10), np.float32)
    saliency[1, 2:5, 3:6] = 0.8
    saliency[0, 8:10, 6:9] = 0.01  # another class, scaled up to count the same
    picked = pick_windows(saliency, (3, 3), 3)
    assert picked[0] == (2, 3)
    assert picked[1][0] in (7, 8)
    assert picked[1][1] == 6


@pytest.mark.slow
def test_the_score_of_gmic_depends_on_what_its_crops_show(tmp_path: Path) -> None:
    plan = replace(KINDS["gmic"].plan, rows=736, cols=480)
    model = _loaded("gmic", tmp_path, plan)
    plain, marked = _breast(), _breast()
    box = model.predict_view(plain, 0.2).regions[0].box
    y, x = int(box[1]) + 100, int(box[0]) + 40
    marked[y : y + 20, x : x + 20] = 1.0
    assert model.predict_view(plain, 0.2).malignancy != model.predict_view(marked, 0.2).malignancy


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gmic", "mirai"])
def test_the_published_input_size_runs(kind: str, tmp_path: Path) -> None:
    answer = _loaded(kind, tmp_path).predict_view(_breast(3000, 2000), 0.07)
    assert 0.0 < answer.malignancy < 1.0
    assert answer.saliency.shape == ((46, 30) if kind == "gmic" else (1, 1))


@pytest.mark.slow
def test_the_rsna_winner_runs_at_its_published_size(tmp_path: Path) -> None:
    torch.save({"state_dict": published.convnext_small()}, tmp_path / "fold0.pth.tar")
    import_checkpoint("timm", tmp_path / "fold0.pth.tar", tmp_path / "out", Options("fold0"))
    answer = load(tmp_path / "out", "fold0").predict_view(_breast(3000, 2000), 0.07)
    assert 0.0 < answer.malignancy < 1.0
    assert answer.saliency.shape == (64, 32)

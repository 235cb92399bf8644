"""Training planes: what a phantom's truth becomes on the grid the network answers on."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.phantom import TRAINING_STYLES, ExamSpec
from models.preprocess import SETTINGS
from models.train import augment
from models.train.crops import NOWHERE, Places, cut, draw
from models.train.losses import density_loss, focal, global_loss
from models.train.plan import (
    DBT,
    FFDM,
    FUSION_SEEDS,
    HELD_OUT_SEEDS,
    HELD_OUT_STYLE,
    PLANS,
    TRAIN_SEEDS,
    VALIDATION_SEEDS,
    TrainPlan,
    fold_of,
)
from models.train.planes import GRID, UNKNOWN, Planes, joined, quantise, restore, subset
from models.train.samples import breast_of, training_breast
from models.train.women import screening_spec, side_of, style_of, with_prior


@pytest.fixture(scope="module")
def planes() -> Planes:
    return joined([training_breast(seed, "rich", 0.5) for seed in (11, 12)])


def test_no_woman_is_on_two_sides_and_the_held_out_device_teaches_nothing() -> None:
    for plan in PLANS.values():
        most = max(plan.rich_breasts, plan.screening_breasts, plan.fusion_exams, plan.held_out_exams)
        assert most < 500_000
    firsts = sorted((TRAIN_SEEDS, HELD_OUT_SEEDS, VALIDATION_SEEDS, FUSION_SEEDS))
    assert min(b - a for a, b in itertools.pairwise(firsts)) >= 1_000_000
    styles = {breast_of(seed, draw_, 0.5)[1].name for seed in range(40) for draw_ in ("rich", "screening")}
    assert styles == set(TRAINING_STYLES)
    assert HELD_OUT_STYLE not in styles


def test_a_rich_breast_shows_cancers_and_benign_findings_where_the_targets_say(planes: Planes) -> None:
    assert len(planes) == 4
    assert planes.targets.shape[2:] == GRID
    for number in range(len(planes)):
        mine = planes.lesions[planes.lesions["plane"] == number]
        sick = mine[mine["malignant"] == 1]
        assert bool(planes.labels[number, 0]) == bool(len(sick)) == bool(planes.targets[number, 0].any())
        for lesion in sick:
            assert planes.targets[number, 0, int(lesion["y"]) // 8, int(lesion["x"]) // 8] == 1
        assert ((planes.targets[number, 0] == 1) <= (planes.targets[number, 1:] == 1).any(0)).all()


def test_the_same_woman_gives_the_same_plane() -> None:
    one, two = training_breast(5, "screening", 0.5), training_breast(5, "screening", 0.5)
    assert (one.images == two.images).all()
    assert (one.targets == two.targets).all()


def test_a_woman_with_cancer_stands_for_it() -> None:
    for seed in range(30):
        spec, side = screening_spec(seed, 1.0)
        assert any(lesion.malignant and lesion.laterality == side for lesion in spec.lesions)


def test_joining_and_choosing_keep_findings_with_their_plane(planes: Planes) -> None:
    doubled = joined([planes, planes])
    kept = subset(doubled, np.arange(8) >= 4)
    assert (kept.images == planes.images).all()
    assert (kept.lesions == planes.lesions).all()


@given(st.floats(SETTINGS.clip_low, SETTINGS.clip_high))
def test_storing_a_value_in_a_byte_loses_less_than_the_noise(value: float) -> None:
    stored = quantise(np.array([value], np.float32))
    assert abs(float(restore(stored)[0]) - value) < 0.02


def test_crops_are_balanced_and_show_what_they_are_centred_on(planes: Planes) -> None:
    rng = np.random.default_rng(1)
    places = draw(planes, 100, 160, NOWHERE, rng)
    images, targets = cut(planes, places, 160)
    assert images.shape == (100, 1, 160, 160)
    assert targets.shape == (100, 5, 20, 20)
    assert (targets[:, 0] > 0).any((1, 2)).mean() >= 0.35
    assert (~(targets > 0).any((1, 2, 3))).mean() >= 0.05


def test_hard_places_are_drawn_once_they_are_known(planes: Planes) -> None:
    hard = Places(np.array([2]), np.array([80.0]), np.array([80.0]))
    places = draw(planes, 100, 160, hard, np.random.default_rng(2))
    near = (places.plane == 2) & (np.hypot(places.x - 80, places.y - 80) < 80)
    assert near.sum() >= 12


def test_unknown_cells_teach_nothing() -> None:
    import torch

    logits = torch.zeros(1, 4, 4, requires_grad=True)
    target = torch.full((1, 4, 4), -1.0)
    target[0, 0, 0] = 1.0
    focal(logits, target).backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert (logits.grad != 0).sum() == 1
    assert float(density_loss(torch.randn(3, 4), torch.full((3,), UNKNOWN))) == 0.0


def test_augmentation_keeps_air_air_and_the_clips() -> None:
    import torch

    images = torch.from_numpy(np.random.default_rng(3).normal(0, 1, (4, 1, 96, 96)).astype(np.float32))
    images[..., 60:] = SETTINGS.clip_low
    changed = augment.jittered(images, np.random.default_rng(4), augment.GLOBAL)
    assert (changed[..., 60:] == SETTINGS.clip_low).all()
    assert float(changed.max()) <= SETTINGS.clip_high
    assert float((changed - images).abs()[..., :60].mean()) > 0.02


def test_folds_leave_each_woman_out_once() -> None:
    from dataclasses import replace

    women = np.arange(30, dtype=np.int64)
    taught = sum(replace(FFDM, folds=3, fold=fold).teaches(women).astype(int) for fold in range(3))
    assert np.all(taught == 2)
    assert TrainPlan().teaches(women).all()
    assert DBT.family == "dbt"


@pytest.mark.parametrize("folds", [2, 3, 4, 5, 8])
def test_every_fold_holds_both_sides_both_styles_and_women_with_and_without_a_prior(folds: int) -> None:
    women = TRAIN_SEEDS + np.arange(64 * folds, dtype=np.int64)
    asked = [(side_of(seed), style_of(seed), with_prior(seed, ExamSpec()) is None) for seed in women.tolist()]
    for value in range(folds):
        counts = Counter(itertools.compress(asked, fold_of(women, folds) == value))
        assert len(counts) == 8
        assert set(counts.values()) == {8}


def test_the_global_loss_falls_when_the_answer_is_right() -> None:
    import torch

    from models.architectures.blocks import GlobalOutput

    target = torch.zeros(2, 5, 4, 4)
    target[0, :2, 1, 1] = 1.0
    right = target * 12 - 6
    labels = target.amax((2, 3)) * 12 - 6
    density = torch.tensor([1, 2])
    letters = torch.nn.functional.one_hot(density, 4) * 8.0
    good = global_loss(GlobalOutput(right, labels, letters, torch.zeros(2, 3)), target, density)
    bad = global_loss(GlobalOutput(-right, -labels, -letters, torch.zeros(2, 3)), target, density)
    assert float(good) < 0.1 < float(bad)

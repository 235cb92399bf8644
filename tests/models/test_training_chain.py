"""The chain that makes the shipped files, run small: phantom, training, weights, card, scores, and again the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models import cards
from models.preprocess import SETTINGS
from models.train.__main__ import run
from models.train.plan import HELD_OUT_SEEDS, SMOKE, TRAIN_SEEDS, VALIDATION_SEEDS, TrainPlan
from models.train.samples import GRID, quantise, restore, training_breast


def test_the_splits_never_meet() -> None:
    plan = TrainPlan()
    training = range(TRAIN_SEEDS, TRAIN_SEEDS + plan.breasts)
    validation = range(VALIDATION_SEEDS, VALIDATION_SEEDS + plan.validation_breasts)
    held_out = range(HELD_OUT_SEEDS, HELD_OUT_SEEDS + 2 * plan.held_out_exams_per_vendor)
    assert len({*training, *validation, *held_out}) == len(training) + len(validation) + len(held_out)


def test_a_sample_s_target_marks_the_cancer_and_only_it() -> None:
    marked = [sample for seed in range(12) for sample in training_breast(seed, malignant_share=0.5)]
    assert {int(sample.labels[0]) for sample in marked} == {0, 1}
    for sample in marked:
        assert sample.target.shape == (5, *GRID)
        assert bool(sample.target[0].any()) == bool(sample.labels[0])
        assert sample.target[0].sum() <= sample.target[1:].sum()


def test_storing_a_sample_in_bytes_loses_less_than_the_noise() -> None:
    values = np.linspace(SETTINGS.clip_low, SETTINGS.clip_high, 1000, dtype=np.float32)
    assert np.abs(restore(quantise(values)) - values).max() < 0.02


@pytest.mark.slow
def test_training_twice_gives_the_same_weights_card_and_scores(tmp_path: Path) -> None:
    plan = replace(SMOKE, breasts=4, validation_breasts=60)
    threads = torch.get_num_threads()
    results = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        lines: list[str] = []
        published, views = run(plan, "try", folder, folder, folder, lines.append)
        assert any("epoch 1" in line for line in lines)
        assert cards.read("try", folder).weights_sha256 == published.weights_sha256
        assert cards.reference("try", folder).weights_sha256 == published.weights_sha256
        results.append((published, [view.score for view in views]))
    torch.set_num_threads(threads)
    assert results[0] == results[1]

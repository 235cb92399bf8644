"""The slab head learns from volumes' labels which slabs to believe, and the readings then say what it says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.architectures.dbt_slab import SlabHead
from models.architectures.graphs import CROPS, LOCAL_FEATURES, LOGITS, SLABS
from models.evaluate import auc
from models.train.plan import DBT
from models.train.progress import Progress
from models.train.reading import Readings
from models.train.stage_slabs import reread, train_slab_head

NECK = 6
PLAN = replace(DBT, combine_epochs=30)


def readings(exams: int, seed: int) -> Readings:
    """Volumes in which only slabs marked by their first feature tell the truth; the loudest slab lies."""
    rng = np.random.default_rng(seed)
    shape = (exams, 2, 4)
    sick = rng.random(shape) < 0.5
    slabs = rng.normal(0, 0.3, (*shape, SLABS, LOGITS + NECK)).astype(np.float32)
    slabs[..., 3, 0] += 3.0
    slabs[..., 5, LOGITS] = 4.0
    slabs[..., 5, 0] = np.where(sick, 2.0, -2.0)
    mask = np.zeros((*shape, SLABS), np.float32)
    mask[..., :8] = 1.0
    labels = np.zeros((*shape, LOGITS), np.float32)
    labels[..., 0] = sick
    there = np.ones(shape, np.float32)
    there[:, 1] = 0.0
    return Readings(
        regions=np.zeros((*shape, CROPS, 2 * LOGITS + LOCAL_FEATURES), np.float32),
        mask=np.zeros((*shape, CROPS), np.float32),
        pooled=np.zeros((*shape, LOGITS), np.float32),
        features=np.zeros((*shape, NECK), np.float32),
        there=there,
        region_labels=np.zeros((*shape, CROPS, LOGITS), np.float32),
        view_labels=labels,
        breast_labels=np.zeros((exams, 2), np.float32),
        descriptors=np.zeros((*shape, NECK + 2), np.float64),
        slabs=slabs,
        slab_mask=mask,
        women=np.arange(exams),
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> SlabHead:
    torch.manual_seed(1)
    head = SlabHead(NECK)
    work: Path = tmp_path_factory.mktemp("slabs")
    train_slab_head(PLAN, head, readings(24, 1), readings(8, 2), work / "slabs.pt", Progress(work / "log.csv"))
    return head


def quality(head: SlabHead, data: Readings) -> float:
    now = reread(head, data)
    return auc(now.pooled[:, 0, :, 0].ravel(), data.view_labels[:, 0, :, 0].ravel() == 1)


def test_training_finds_the_slabs_that_tell_the_truth(trained: SlabHead) -> None:
    torch.manual_seed(1)
    data = readings(20, 3)
    assert quality(trained, data) > 0.95
    assert quality(trained, data) > quality(SlabHead(NECK), data)


def test_readings_say_what_the_head_says_and_absent_volumes_stay_empty(trained: SlabHead) -> None:
    data = readings(4, 4)
    now = reread(trained, data)
    assert np.array_equal(now.descriptors[:, 0, :, :NECK], now.features[:, 0].astype(float))
    assert not now.pooled[:, 1].any()
    assert np.array_equal(now.slabs, data.slabs)

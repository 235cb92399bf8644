"""Every registered network: stated output shapes, gradients everywhere, determinism."""

from __future__ import annotations

import pytest
import torch

from models.architectures import ARCHITECTURES, build
from models.labels import DENSITIES, LESION_TYPES
from models.train.losses import total_loss

torch.set_num_threads(1)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_outputs_have_the_stated_shapes(name: str) -> None:
    network = build(name).eval()
    with torch.inference_mode():
        logits = network(torch.zeros(2, 1, 192, 128))
    assert logits.malignancy.shape == (2,)
    assert logits.saliency.shape == (2, 24, 16)
    assert logits.type_map.shape == (2, len(LESION_TYPES), 24, 16)
    assert logits.types.shape == (2, len(LESION_TYPES))
    assert logits.density.shape == (2, len(DENSITIES))
    assert logits.features.shape[0] == 2


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_loss_reaches_every_parameter(name: str) -> None:
    torch.manual_seed(3)
    network = build(name).train()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # residual branches start at zero, which would hide their inside
            torch.nn.init.uniform_(module.weight, 0.5, 1.0)
    logits = network(torch.randn(2, 1, 192, 128))
    target = torch.zeros(2, 1 + len(LESION_TYPES), 24, 16)
    target[0, :2, 5:8, 5:8] = 1
    labels = torch.tensor([[1, 1, 0, 0, 0, 2], [0, 0, 0, 0, 0, 0]])
    total_loss(logits, target, labels).backward()  # type: ignore[no-untyped-call]
    silent = [key for key, value in network.named_parameters() if value.grad is None or not value.grad.abs().sum() > 0]
    assert silent == []


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_same_input_gives_the_same_output(name: str) -> None:
    torch.manual_seed(3)
    network, x = build(name).eval(), torch.randn(1, 1, 192, 128)
    with torch.inference_mode():
        assert torch.equal(network(x).saliency, network(x).saliency)

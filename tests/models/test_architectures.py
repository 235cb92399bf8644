"""Every registered network: stated output shapes, gradients everywhere, determinism, graphs that run as stated."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.architectures import ARCHITECTURES, build
from models.architectures.graphs import EMBEDDING, LOCAL_FEATURES
from models.errors import UnknownModel

torch.set_num_threads(1)

FAMILIES = sorted({name.split(".")[0] for name in ARCHITECTURES})
IMPORTED = ("gmic", "mirai_encoder", "timm_classifier")
OWN = [name for name in ARCHITECTURES if not name.startswith((*IMPORTED, "exam_fusion"))]


def inputs(name: str) -> tuple[Tensor, ...]:
    """Random inputs of the smallest sensible size for a batch of two."""
    generator = torch.Generator().manual_seed(3)
    match name.split(".")[0]:
        case "global_local":
            at = torch.tensor([[[0, 0], [3, 2], [7, 5]]] * 2)
            mask = torch.tensor([[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]])
            view = torch.randn((2, 1, 64, 64), generator=generator)
            return view, torch.randn((2, 3, 1, 96, 96), generator=generator), at, mask
        case "dbt_slab":
            at = torch.tensor([[[0, 1, 1], [1, 3, 2], [1, 7, 5]]] * 2)
            mask = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]])
            slabs = torch.randn((2, 2, 2, 64, 64), generator=generator)
            return slabs, torch.randn((2, 3, 1, 96, 96), generator=generator), at, mask
        case "exam_fusion":
            mask = torch.tensor([[1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 1.0, 1.0]])
            views, priors = (torch.randn((2, 4, EMBEDDING), generator=generator) for _ in range(2))
            return views, mask, priors, mask.flip(0)
        case "gmic":
            return (torch.randn((2, 1, 384, 288), generator=generator),)
        case _:
            return (torch.randn((2, 3, 96, 64), generator=generator),)


def tensors(output: Any) -> list[Tensor]:
    """Every tensor of a nested output; what a network has no head for is None."""
    if output is None:
        return []
    return [output] if isinstance(output, Tensor) else [leaf for item in output for leaf in tensors(item)]


def shaken(network: nn.Module) -> nn.Module:
    """Residual branches and some heads start at zero, which would hide what lies behind them."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.0)
    return network


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_loss_reaches_every_parameter(name: str) -> None:
    torch.manual_seed(3)
    network = shaken(build(name)).train()
    said = [value for value in tensors(network(*inputs(name))) if value.is_floating_point()]
    loss = sum(((value - 0.3) ** 2).sum() for value in said)
    assert isinstance(loss, Tensor)
    loss.backward()  # type: ignore[no-untyped-call]
    silent = [key for key, value in network.named_parameters() if value.grad is None or not value.grad.abs().sum() > 0]
    assert silent == []


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_same_input_gives_the_same_output(name: str) -> None:
    torch.manual_seed(3)
    network, given = build(name).eval(), inputs(name)
    with torch.inference_mode():
        first, again = tensors(network(*given)), tensors(network(*given))
    assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_graph_runs_on_the_stated_shapes_and_gives_what_it_names(name: str) -> None:
    """Published sizes are large: there, shapes and types are worked out without computing."""
    network = build(name).eval()
    device = "meta" if name.startswith(IMPORTED) else "cpu"
    for key, graph in network.to(device).graphs().items():
        with torch.inference_mode():
            output = graph.module(*(torch.zeros(shape, device=device) for shape in graph.inputs))
        assert output._fields == graph.outputs, key
        assert all(value.dtype == torch.float32 for value in tensors(output)), key


@pytest.mark.parametrize("name", OWN)
def test_the_global_net_takes_crops_and_whole_views_with_one_cell_per_eight_pixels(name: str) -> None:
    network = build(name).eval()
    for height, width in ((160, 160), (640, 448)):
        with torch.inference_mode():
            output = network.global_net(torch.zeros(2, network.channels, height, width))
        assert output.cells.shape == (2, 5, height // 8, width // 8)
        assert output.pooled.shape == (2, 5)
        assert output.density.shape == (2, 4)
        assert output.features.shape == (2, network.neck)


@pytest.mark.parametrize("name", OWN)
def test_a_masked_region_changes_nothing(name: str) -> None:
    torch.manual_seed(1)
    network = build(name).eval()
    mask = torch.tensor([[1.0, 1.0, 0.0, 0.0, 0.0, 0.0]])
    regions = torch.randn(1, 6, 10 + LOCAL_FEATURES)
    other = torch.where(mask[..., None] > 0, regions, torch.randn_like(regions))
    rest = torch.randn(1, 5), torch.randn(1, network.neck)
    with torch.inference_mode():
        first, second = (network.view_head(value, mask, *rest) for value in (regions, other))
        none = network.view_head(regions, torch.zeros_like(mask), *rest)
    assert all(torch.equal(one, two) for one, two in zip(first, second, strict=True))
    assert first.attention.sum() == pytest.approx(1.0)
    assert first.attention[0, 2:].sum() == 0.0
    assert none.attention.sum() == 0.0
    assert torch.isfinite(none.logit).all()


def test_exchanging_the_sides_exchanges_the_breasts_and_nothing_else() -> None:
    torch.manual_seed(1)
    network = build("exam_fusion.small").eval()
    views, mask, priors, prior_mask = inputs("exam_fusion.small")
    order = torch.tensor([2, 3, 0, 1])
    with torch.inference_mode():
        plain = network(views, mask, priors, prior_mask)
        swapped = network(*(value[:, order] for value in (views, mask, priors, prior_mask)))
    torch.testing.assert_close(swapped.breasts, plain.breasts.flip(1))
    torch.testing.assert_close(swapped.exam, plain.exam)


def test_exchanging_cc_and_mlo_changes_nothing() -> None:
    torch.manual_seed(1)
    network = build("exam_fusion.small").eval()
    views, mask, priors, prior_mask = inputs("exam_fusion.small")
    order = torch.tensor([1, 0, 3, 2])
    with torch.inference_mode():
        plain = network(views, mask, priors, prior_mask)
        swapped = network(*(value[:, order] for value in (views, mask, priors, prior_mask)))
    torch.testing.assert_close(swapped.breasts, plain.breasts)


def test_what_is_masked_in_an_exam_does_not_matter() -> None:
    torch.manual_seed(1)
    network = build("exam_fusion.small").eval()
    views, mask, priors, _ = inputs("exam_fusion.small")
    noise, none = torch.randn_like(views), torch.zeros_like(mask)
    hidden = torch.where(mask[..., None] > 0, views, noise)
    with torch.inference_mode():
        plain, other = network(views, mask, priors, none), network(hidden, mask, noise, none)
    assert torch.equal(plain.breasts, other.breasts)
    assert torch.equal(plain.exam, other.exam)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_its_own_module(family: str) -> None:
    modules = {module for name, module in ARCHITECTURES.items() if name.startswith(f"{family}.")}
    assert modules == {f"models.architectures.{family}"}


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownModel, match=r"global_local\.small"):
        build("global_local.huge")

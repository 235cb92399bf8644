"""Random checkpoints with names and shapes of the published ones, written out here, not read off our networks."""

from __future__ import annotations

import functools
import math

import torch

State = dict[str, torch.Tensor]

_COUNTER = "num_batches_tracked"


def _normal(shape: tuple[int, ...]) -> torch.Tensor:
    inputs = math.prod(shape[1:]) if len(shape) > 1 else 400
    return torch.randn(shape) / math.sqrt(inputs)


def _batch_norm(name: str, width: int) -> State:
    return {
        f"{name}.weight": torch.rand(width) + 0.5,
        f"{name}.bias": _normal((width,)),
        f"{name}.running_mean": _normal((width,)),
        f"{name}.running_var": torch.rand(width) + 0.5,
        f"{name}.{_COUNTER}": torch.tensor(100),
    }


def _resnet18(first: str, layer: str) -> State:
    """A ResNet-18 without its last layer; `layer` holds the stage and block numbers' places."""
    state = {f"{first}conv1.weight": _normal((64, 3, 7, 7)), **_batch_norm(f"{first}bn1", 64)}
    before = 64
    for stage, width in enumerate((64, 128, 256, 512), start=1):
        for block in (0, 1):
            name = layer.format(stage=stage, block=block)
            inputs = before if block == 0 else width
            state[f"{name}.conv1.weight"] = _normal((width, inputs, 3, 3))
            state[f"{name}.conv2.weight"] = _normal((width, width, 3, 3))
            state |= _batch_norm(f"{name}.bn1", width) | _batch_norm(f"{name}.bn2", width)
            if block == 0 and stage > 1:
                state[f"{name}.downsample.0.weight"] = _normal((width, inputs, 1, 1))
                state |= _batch_norm(f"{name}.downsample.1", width)
        before = width
    return state


def hollow(state: State) -> State:
    """The same names and shapes, each tensor one value repeated: a file of a few kilobytes."""
    return {name: value.flatten()[0].clone().expand(value.shape) for name, value in state.items()}


@functools.cache
def gmic(seed: int = 1) -> State:
    """GMIC's sample models: global network of widths 16..256, local ResNet-18, gated attention, fusion."""
    torch.manual_seed(seed)
    state = {"ds_net.first_conv.weight": _normal((16, 1, 7, 7)), **_batch_norm("ds_net.final_bn", 256)}
    before = 16
    for stage, width in enumerate((16, 32, 64, 128, 256)):
        for block in (0, 1):
            name, inputs = f"ds_net.layer_list.{stage}.{block}", before if block == 0 else width
            state |= _batch_norm(f"{name}.bn1", inputs) | _batch_norm(f"{name}.bn2", width)
            state[f"{name}.conv1.weight"] = _normal((width, inputs, 3, 3))
            state[f"{name}.conv2.weight"] = _normal((width, width, 3, 3))
            if block == 0:
                state[f"{name}.downsample.0.weight"] = _normal((width, inputs, 1, 1))
        before = width
    state |= _resnet18("dn_resnet.", "dn_resnet.layer{stage}.{block}")
    heads = {
        "left_postprocess_net.gn_conv_last.weight": (2, 256, 1, 1),
        "mil_attn_V.weight": (128, 512),
        "mil_attn_U.weight": (128, 512),
        "mil_attn_w.weight": (1, 128),
        "classifier_linear.weight": (2, 512),
        "fusion_dnn.weight": (2, 768),
        "fusion_dnn.bias": (2,),
    }
    return state | {name: _normal(shape) for name, shape in heads.items()}


def convnext(depths: tuple[int, ...], widths: tuple[int, ...], seed: int, mlp: tuple[int, ...] = ()) -> State:
    """A timm ConvNeXt with one logit: stem, four stages, head; `mlp` is (1, 1) where its layers are convolutions."""
    torch.manual_seed(seed)
    shapes: dict[str, tuple[int, ...]] = {"stem.0.weight": (widths[0], 3, 4, 4), "stem.0.bias": (widths[0],)}
    shapes |= {f"stem.1.{part}": (widths[0],) for part in ("weight", "bias")}
    for stage, (depth, width) in enumerate(zip(depths, widths, strict=True)):
        if stage:
            before = widths[stage - 1]
            shapes |= {f"stages.{stage}.downsample.0.{part}": (before,) for part in ("weight", "bias")}
            shapes[f"stages.{stage}.downsample.1.weight"] = (width, before, 2, 2)
            shapes[f"stages.{stage}.downsample.1.bias"] = (width,)
        for block in range(depth):
            name = f"stages.{stage}.blocks.{block}"
            shapes |= {f"{name}.gamma": (width,), f"{name}.conv_dw.weight": (width, 1, 7, 7)}
            shapes |= {f"{name}.{part}": (width,) for part in ("conv_dw.bias", "norm.weight", "norm.bias")}
            shapes |= {f"{name}.mlp.fc1.weight": (4 * width, width, *mlp), f"{name}.mlp.fc1.bias": (4 * width,)}
            shapes |= {f"{name}.mlp.fc2.weight": (width, 4 * width, *mlp), f"{name}.mlp.fc2.bias": (width,)}
    shapes |= {f"head.norm.{part}": (widths[-1],) for part in ("weight", "bias")}
    shapes |= {"head.fc.weight": (1, widths[-1]), "head.fc.bias": (1,)}
    return {name: _normal(shape) for name, shape in shapes.items()}


def convnext_small(seed: int = 2) -> State:
    """The RSNA 2023 winner's backbone, 49.5 M parameters."""
    return convnext((3, 3, 27, 3), (96, 192, 384, 768), seed)


@functools.cache
def convnext_atto(seed: int = 2) -> State:
    """The smallest backbone of that family, for fast tests."""
    return convnext((2, 2, 6, 2), (40, 80, 160, 320), seed, (1, 1))


FACTORS = {"density": 4, "binary_family_history": 1, "age": 4, "race": 13}
"""Some of Mirai's risk factors with their numbers of classes, in the published order."""


@functools.cache
def mirai(seed: int = 3, head: bool = True) -> State:
    """Mirai's image encoder snapshot as a state dict: flattened stages, risk factor layers, hazard, an unused layer."""
    torch.manual_seed(seed)
    state = _resnet18("_model.downsampler.", "_model.layer{stage}_{block}")
    if not head:
        return state
    width = 512 + sum(FACTORS.values())
    for name, classes in FACTORS.items():
        state[f"_model.pool.{name}_fc.weight"] = _normal((classes, 512))
        state[f"_model.pool.{name}_fc.bias"] = _normal((classes,))
    layer = "_model.prob_of_failure_layer"
    shapes = {"hazard_fc.weight": (5, width), "hazard_fc.bias": (5,), "base_hazard_fc.weight": (1, width)}
    state |= {f"{layer}.{name}": _normal(shape) for name, shape in (shapes | {"base_hazard_fc.bias": (1,)}).items()}
    state[f"{layer}.upper_triagular_mask"] = torch.triu(torch.ones(5, 5))
    return state | {"_model.fc.weight": _normal((2, width)), "_model.fc.bias": _normal((2,))}

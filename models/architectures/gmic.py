"""Family `gmic`: the globally-aware multiple instance classifier of Shen et al. (Medical Image Analysis 2021).

A low-capacity residual network over the whole image gives a saliency map per class (benign, malignant); the places
with the most of it are read again at full resolution by a ResNet-18; gated attention (Ilse et al. 2018) weighs those
reads; a last layer joins both. Written from the paper; names and shapes of the parameters are those of the published
checkpoints, so that they load key for key. Must not choose, crop or normalise images: `importers` does that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from models.architectures.graphs import Graph
from models.torchvision_shim import make_importable

make_importable()

import timm  # noqa: E402  the shim must come first
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

MALIGNANT = 1
"""Place of the class malignant; benign is 0."""
CROP_PX = 256
CROPS = 6
SIZE = (2944, 1920)
"""Rows and columns of the published input."""
_WIDTHS = (16, 32, 64, 128, 256)
_LOCAL, _ATTENTION = 512, 128


class GmicOutput(NamedTuple):
    """Probabilities 0..1 for a batch of B images; the last axis of size 2 is (benign, malignant).

    fused (B, 2) is the answer of the whole; saliency (B, 2, h, w); crops (B, K, 2) what each crop says alone;
    attention (B, K) sums to 1 over K; corners int64 (B, K, 2) the crops' (row, column) in input pixels;
    features (B, 768) the input of the last layer.
    """

    fused: Tensor
    saliency: Tensor
    crops: Tensor
    attention: Tensor
    corners: Tensor
    features: Tensor


class Whole(NamedTuple):
    """What the global network says of B images: saliency (B, 2, h, w) and its strongest features (B, 256)."""

    saliency: Tensor
    strongest: Tensor


class Hidden(NamedTuple):
    """What the local network makes of N crops: hidden (N, 512)."""

    hidden: Tensor


class Joined(NamedTuple):
    """What both say together, as in GmicOutput."""

    fused: Tensor
    crops: Tensor
    attention: Tensor
    features: Tensor


class PreActivation(nn.Module):
    """Residual block that normalises first (He et al. 2016); `downsample` is a bare 1 x 1 convolution."""

    def __init__(self, inputs: int, width: int, stride: int, project: bool) -> None:
        super().__init__()
        self.bn1, self.bn2 = nn.BatchNorm2d(inputs), nn.BatchNorm2d(width)
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, padding=1, bias=False)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.downsample = nn.Sequential(nn.Conv2d(inputs, width, 1, stride, bias=False)) if project else None

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output; float32 (B, width, H / stride, W / stride)."""
        ready = functional.relu(self.bn1(x))
        kept = x if self.downsample is None else self.downsample(ready)
        inner = self.conv2(functional.relu(self.bn2(self.conv1(ready))))
        return torch.add(inner, kept)


class WholeImage(nn.Module):
    """The global network: five stages of two blocks, each stage twice as wide and, from the second, half as fine."""

    def __init__(self) -> None:
        super().__init__()
        self.first_conv = nn.Conv2d(1, _WIDTHS[0], 7, 2, padding=3, bias=False)
        self.layer_list = nn.ModuleList(
            nn.Sequential(PreActivation(before, width, 2 if stage else 1, True), PreActivation(width, width, 1, False))
            for stage, (before, width) in enumerate(zip((_WIDTHS[0], *_WIDTHS), _WIDTHS, strict=False))
        )
        self.final_bn = nn.BatchNorm2d(_WIDTHS[-1])

    def forward(self, x: Tensor) -> Tensor:
        """Return features float32 (B, 256, h, w) of images (B, 1, H, W); 2944 x 1920 gives 46 x 30."""
        x = functional.max_pool2d(self.first_conv(x), 3, 2)
        for stage in self.layer_list:
            x = stage(x)
        return functional.relu(self.final_bn(x))


class Gmic(nn.Module):
    """The whole classifier. Input float32 (B, 1, H, W), zero mean and unit deviation per image, chest wall left."""

    def __init__(self, crops: int = CROPS, crop_px: int = CROP_PX) -> None:
        super().__init__()
        self.count, self.crop_px = crops, crop_px
        self.ds_net = WholeImage()
        self.left_postprocess_net = nn.ModuleDict({"gn_conv_last": nn.Conv2d(_WIDTHS[-1], 2, 1, bias=False)})
        self.dn_resnet = timm.create_model("resnet18", pretrained=False, num_classes=0, global_pool="avg")
        self.mil_attn_V = nn.Linear(_LOCAL, _ATTENTION, bias=False)
        self.mil_attn_U = nn.Linear(_LOCAL, _ATTENTION, bias=False)
        self.mil_attn_w = nn.Linear(_ATTENTION, 1, bias=False)
        self.classifier_linear = nn.Linear(_LOCAL, 2, bias=False)
        self.fusion_dnn = nn.Linear(_WIDTHS[-1] + _LOCAL, 2)

    def forward(self, x: Tensor) -> GmicOutput:
        """Return all of the answer; see GmicOutput for shapes."""
        saliency, strongest = self.whole(x)
        corners = self.corners(saliency.detach(), (x.shape[-2], x.shape[-1]))
        fused, crops, attention, features = self.join(strongest, self.read_crops(x, corners))
        return GmicOutput(fused, saliency, crops, attention, corners, features)

    def whole(self, x: Tensor) -> Whole:
        """Return the map and the strongest features of whole images."""
        features = self.ds_net(x)
        return Whole(self.left_postprocess_net["gn_conv_last"](features).sigmoid(), features.amax((2, 3)))

    def join(self, strongest: Tensor, hidden: Tensor) -> Joined:
        """Return the answer from the strongest features (B, 256) and what was read of the crops (B, K, 512)."""
        attention = self.attention(hidden)
        features = torch.cat([strongest, (attention[..., None] * hidden).sum(1)], 1)
        fused = self.fusion_dnn(features).sigmoid()
        return Joined(fused, self.classifier_linear(hidden).sigmoid(), attention, features)

    def graphs(self) -> dict[str, Graph]:
        """Return the graphs `global` (an image of SIZE), `local` (its crops) and `view` (both joined).

        Which crops to read is decided between the first and the second, by `corners`.
        """
        crop = (self.count, 1, self.crop_px, self.crop_px)
        hidden = (1, self.count, _LOCAL)
        return {
            "global": Graph(_WholeStep(self), ((1, 1, *SIZE),), Whole._fields),
            "local": Graph(_ReadStep(self), (crop,), Hidden._fields, batch=self.count),
            "view": Graph(_JoinStep(self), ((1, _WIDTHS[-1]), hidden), Joined._fields),
        }

    def corners(self, saliency: Tensor, size: tuple[int, int]) -> Tensor:
        """Return int64 (B, K, 2): top left corners, (row, column) in input pixels, of the crops to read."""
        rows, cols = size
        cells = saliency.shape[-2], saliency.shape[-1]
        window = round(self.crop_px * cells[0] / rows), round(self.crop_px * cells[1] / cols)
        picked = [pick_windows(image, window, self.count) for image in saliency.cpu().numpy()]
        scaled = np.rint(np.array(picked) * (rows / cells[0], cols / cells[1])).astype(np.int64)
        return torch.from_numpy(np.clip(scaled, 0, (rows - self.crop_px, cols - self.crop_px)))

    def read_crops(self, x: Tensor, corners: Tensor) -> Tensor:
        """Return what the local network makes of each crop: (B, K, 512)."""
        side = self.crop_px
        crops = [
            image[:, row : row + side, col : col + side]
            for image, places in zip(x, corners.tolist(), strict=True)
            for row, col in places
        ]
        return self.read(torch.stack(crops)).hidden.reshape(x.shape[0], -1, _LOCAL)

    def read(self, crops: Tensor) -> Hidden:
        """Return what the local network makes of crops (N, 1, side, side)."""
        return Hidden(self.dn_resnet(crops.expand(-1, 3, -1, -1)))

    def attention(self, hidden: Tensor) -> Tensor:
        """Return each crop's share of the local evidence, (B, K), by gated attention."""
        gated = self.mil_attn_U(hidden).sigmoid() * self.mil_attn_V(hidden).tanh()
        weights: Tensor = self.mil_attn_w(gated)[..., 0].softmax(1)
        return weights


class _Step(nn.Module):
    """One step of a network as a module of its own, for export."""

    def __init__(self, network: Gmic) -> None:
        super().__init__()
        self.network, self.training = network, network.training


class _WholeStep(_Step):
    def forward(self, x: Tensor) -> Whole:
        return self.network.whole(x)


class _ReadStep(_Step):
    def forward(self, crops: Tensor) -> Hidden:
        return self.network.read(crops)


class _JoinStep(_Step):
    def forward(self, strongest: Tensor, hidden: Tensor) -> Joined:
        return self.network.join(strongest, hidden)


def pick_windows(saliency: NDArray[np.float32], window: tuple[int, int], count: int) -> list[tuple[int, int]]:
    """Return the cells (row, column) of `count` windows, greedily by the saliency each still holds (algorithm 1).

    `saliency` is float (classes, h, w). Every class counts the same after scaling to 0..1; a window's cells are emptied
    once it is taken, and the first of equal windows wins.
    """
    low, high = saliency.min((1, 2), keepdims=True), saliency.max((1, 2), keepdims=True)
    left = ((saliency - low) / np.maximum(high - low, 1e-12)).sum(0, dtype=np.float64)
    picked: list[tuple[int, int]] = []
    for _ in range(count):
        sums = np.lib.stride_tricks.sliding_window_view(left, window).sum((2, 3))
        row, col = np.unravel_index(int(sums.argmax()), sums.shape)
        picked.append((int(row), int(col)))
        left[row : row + window[0], col : col + window[1]] = 0.0
    return picked


VARIANTS = {"gmic.resnet18": Gmic}
"""Names `family.tag` and how to build each, untrained: the published size, 14.1 M parameters."""

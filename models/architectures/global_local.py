"""Family `global_local`: the whole view at 0.3 mm finds regions, their full-resolution crops are read again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import nn

from models.architectures.blocks import (
    GlobalNet,
    GlobalOutput,
    LocalNet,
    LocalOutput,
    ViewHead,
    ViewOutput,
    cell_logits,
)
from models.architectures.graphs import CROP_PX, CROPS, LOCAL_FEATURES, LOGITS, Graph
from models.preprocess import SETTINGS

if TYPE_CHECKING:
    from torch import Tensor

    from models.architectures.blocks import Widths


class Output(NamedTuple):
    """What a view's parts say: whole image, crops (flat, B * K) and their joint reading."""

    whole: GlobalOutput
    crops: LocalOutput
    view: ViewOutput


class GlobalLocal(nn.Module):
    """A 2D network in three parts that can be trained apart.

    `global_net` (`blocks.GlobalNet`) takes views or crops at the preprocessing's pitch and is fully convolutional;
    `local_net` (`blocks.LocalNet`) takes crops of CROP_PX pixels of CROP_MM; `view_head` (`blocks.ViewHead`) takes what
    those two say of a view, so it can be trained on stored outputs. `channels`, `local_channels`, `neck` (the length of
    the global features) are plain numbers.
    """

    local_channels = 1

    def __init__(self, channels: int, widths: Widths, local_widths: Widths, stem: int, neck: int) -> None:
        super().__init__()
        self.channels, self.neck = channels, neck
        self.global_net = GlobalNet(channels, widths, stem, neck)
        self.local_net = LocalNet(self.local_channels, local_widths, stem)
        self.view_head = ViewHead(neck)

    def forward(self, x: Tensor, crops: Tensor, at: Tensor, mask: Tensor) -> Output:
        """Return every output of B views.

        `x` (B, C, H, W); `crops` (B, K, 1, 192, 192); `at` long (B, K, 2), row and column of each crop's cell;
        `mask` (B, K), 1 where the crop exists.
        """
        whole = self.global_net(x)
        crop = self.local_net(crops.flatten(0, 1))
        read = torch.cat([crop.logits, crop.features], 1).reshape(*crops.shape[:2], -1)
        regions = torch.cat([cell_logits(whole.cells, at), read], 2)
        return Output(whole, crop, self.view_head(regions, mask, whole.pooled, whole.features))

    def graphs(self) -> dict[str, Graph]:
        """Return the graphs `global`, `local` and `view`; see `architectures.graphs`."""
        return {
            "global": Graph(self.global_net, ((1, self.channels, SETTINGS.rows, SETTINGS.cols),), GlobalOutput._fields),
            "local": local_graph(self.local_net, self.local_channels),
            "view": view_graph(self.view_head, self.neck),
        }


def local_graph(module: LocalNet, channels: int) -> Graph:
    """Return the graph of a local net: any number of crops up to CROPS."""
    return Graph(module, ((CROPS, channels, CROP_PX, CROP_PX),), LocalOutput._fields, batch=CROPS)


def view_graph(module: ViewHead, neck: int) -> Graph:
    """Return the graph of a view head: always CROPS regions, absent ones masked."""
    regions = (1, CROPS, 2 * LOGITS + LOCAL_FEATURES)
    return Graph(module, (regions, (1, CROPS), (1, LOGITS), (1, neck)), ViewOutput._fields)


def tiny() -> GlobalLocal:
    """About 0.15 M parameters: for tests."""
    return GlobalLocal(1, (16, 16, 32, 32), (16, 16, 32, 32), stem=8, neck=16)


def small() -> GlobalLocal:
    """About 2.6 M parameters: trains on two CPU cores within hours."""
    return GlobalLocal(1, (32, 64, 128, 256), (32, 64, 128, 256), stem=16, neck=64)


VARIANTS = {"global_local.small": small, "global_local.tiny": tiny}

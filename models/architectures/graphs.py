"""What of a network an engine runs: a few static graphs by name, the same names in every family.

`global`: view or slabs (B, C, H, W) -> cells (B, 5, H/8, W/8), pooled (B, 5), density (B, 4), features (B, F)
`slabs`: pooled (S, 5), density (S, 4), features (S, F)
    -> pooled (1, 5), density (1, 4), features (1, F), attention (S,)
`local`: crops (K, C, 192, 192) -> logits (K, 5), features (K, G)
`view`: regions (1, K, 10 + G), mask (1, K), pooled (1, 5), features (1, F)
    -> logit (1,), types (1, 4), regions (1, K, 5), attention (1, K), embedding (1, E)
`fusion`: views (1, 4, E), mask (1, 4), priors (1, 4, E), mask (1, 4) -> breasts (1, 2), exam (1,)

Five logits are always: malignant, then the lesion types in the order of `labels.LESION_TYPES`. B is 1 except for slabs.
Families that are imported keep the graphs and logits of their publishers: each says its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from models.preprocess import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import nn

LOGITS = 5
DENSITIES = 4
STRIDE = 8
"""Input pixels per cell of the global map, on each axis."""
SLABS = 64
"""Most slabs of a volume: at a step of 3 mm a breast of 190 mm."""
CROPS = 6
"""Regions of a view that are read again at full resolution; a view with fewer is padded and masked."""
CROP_PX = SETTINGS.crop_px
CROP_MM = SETTINGS.crop_mm
LOCAL_FEATURES = 32
EMBEDDING = 32
"""Length of a view's embedding, the exam network's input per slot."""
ABSENT = -6.0
"""Logit that stands for a region that is not there."""


@dataclass(frozen=True, slots=True)
class Graph:
    """One graph: the module that computes it, the shapes of its inputs, the names of its outputs.

    `batch` is the largest size of the first axis of every input where that axis may vary, None where it is fixed.
    """

    module: nn.Module
    inputs: tuple[tuple[int, ...], ...]
    outputs: tuple[str, ...]
    batch: int | None = None


class Exportable(Protocol):
    """A network that says which graphs an engine runs."""

    def graphs(self) -> Mapping[str, Graph]:
        """Return the graphs by name; modules are parts of the network, in its mode."""

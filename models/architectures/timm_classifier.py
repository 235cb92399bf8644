"""Family `timm_classifier`: a plain image classifier of timm with one logit, as the RSNA 2023 winner used it.

The tag is timm's own model name. Each place of the last feature map can be asked what the head would say of it alone;
that activation needs no gradient, explains, and was never trained to place a finding: it makes no marks.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from models.architectures.graphs import Graph
from models.errors import UnknownModel
from models.torchvision_shim import make_importable

make_importable()

import timm  # noqa: E402  the shim must come first
from torch import nn  # noqa: E402

if TYPE_CHECKING:
    from torch import Tensor

RSNA_2023 = "convnext_small.fb_in22k_ft_in1k_384"
"""The winner's backbone: 49.5 M parameters."""
SMALLEST = "convnext_atto"
"""The same family at 3.4 M parameters: for tests."""
SIZE = (2048, 1024)
"""Rows and columns the winner read."""


class ClassifierLogits(NamedTuple):
    """Raw outputs for B images: malignancy (B,), activation (B, h, w), features (B, F); no sigmoid applied."""

    malignancy: Tensor
    activation: Tensor
    features: Tensor


class TimmClassifier(nn.Module):
    """Any timm classifier with a pooled head. Input float32 (B, 3, H, W), normalised as the card says.

    `pool` is `max` or `avg`. Raises UnknownModel when timm has no such backbone.
    """

    def __init__(self, backbone: str = RSNA_2023, pool: str = "max") -> None:
        super().__init__()
        if not timm.is_model(backbone):
            raise UnknownModel(f"timm {timm.__version__} has no model called {backbone!r}")
        self.model: Any = timm.create_model(backbone, pretrained=False, num_classes=1, in_chans=3, global_pool=pool)

    def forward(self, x: Tensor) -> ClassifierLogits:
        """Return the logits of a batch; see ClassifierLogits for shapes."""
        cells = self.model.forward_features(x)
        features = self.model.forward_head(cells, pre_logits=True)
        logits = self.model.get_classifier()(features)
        return ClassifierLogits(logits[:, 0], self._of_each_place(cells), features)

    def _of_each_place(self, cells: Tensor) -> Tensor:
        """Return the head's logit of every place alone, (B, h, w)."""
        batch, _, rows, cols = cells.shape
        places = cells.permute(0, 2, 3, 1).reshape(batch * rows * cols, -1, 1, 1)
        logits: Tensor = self.model.forward_head(places)
        return logits[:, 0].reshape(batch, rows, cols)

    def graphs(self) -> dict[str, Graph]:
        """Return the graph `view`: one image of SIZE -> malignancy, activation, features."""
        return {"view": Graph(self, ((1, 3, *SIZE),), ClassifierLogits._fields)}


VARIANTS = {f"timm_classifier.{backbone}": partial(TimmClassifier, backbone) for backbone in (RSNA_2023, SMALLEST)}
"""Names `family.tag` and how to build each, untrained."""

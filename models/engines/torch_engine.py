"""Runs the first shipped family, `saliency_fpn`, whole; goes when its weights do. The engines proper are beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from models.errors import InputInvalid
from models.labels import DENSITIES, LESION_TYPES
from models.ood import NO_BREAST, describe
from models.predictions import ViewPrediction
from models.preprocess import ViewTransform
from models.regions import Region, find

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.architectures.saliency_fpn import SaliencyFpn, ViewLogits
    from models.ood import OodReference
    from models.predictions import FrameSource
    from models.preprocess import PreparedView

GRAPH = "saliency"


class TorchEngine:
    """Runs a loaded network. `network` must be in eval mode; `ood` are the statistics stored with its weights."""

    name = "torch"
    precision = "f32"

    def __init__(self, network: SaliencyFpn, ood: OodReference) -> None:
        self._network = network
        self._ood = ood

    @property
    def runtime(self) -> str:
        """Torch's version."""
        return f"torch {torch.__version__}"

    def run(self, graph: str, *inputs: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Return the network's outputs for a batch of inputs. Raises KeyError for another graph than `saliency`."""
        if graph != GRAPH:
            raise KeyError(graph)
        with torch.inference_mode():
            return tuple(value.numpy() for value in self._network(torch.from_numpy(inputs[0])))

    def descriptor(self, prepared: PreparedView) -> NDArray[np.float64]:
        """Return the view's out-of-distribution descriptor, as training collects it."""
        return describe(prepared, self._run(prepared).features[0].numpy())

    def predict(self, prepared: PreparedView) -> ViewPrediction:
        """Return the prediction for one prepared view; one without a breast scores far outside, with no marks."""
        logits = self._run(prepared)
        saliency = np.where(_cells(prepared.breast, logits.saliency.shape[-2:]), logits.saliency[0].sigmoid(), 0.0)
        saliency = saliency.astype(np.float32)
        to_cells = _cell_transform(prepared, saliency.shape[0])
        marks = find(saliency, logits.type_map[0].numpy())
        regions = tuple(Region(to_cells.box_to_source(m.box), m.score, m.lesion_type) for m in marks)
        found, descriptor = prepared.breast.any(), describe(prepared, logits.features[0].numpy())
        return ViewPrediction(
            malignancy=float(logits.malignancy[0].sigmoid()),
            saliency=saliency,
            saliency_transform=to_cells,
            lesion_types=dict(zip(LESION_TYPES, logits.types[0].sigmoid().tolist(), strict=True)),
            densities=dict(zip(DENSITIES, logits.density[0].softmax(0).tolist(), strict=True)),
            regions=regions,
            ood_score=self._ood.score(descriptor) if found else NO_BREAST,
            breast_fraction=prepared.breast_fraction,
            notes=prepared.notes,
            descriptor=descriptor,
        )

    def predict_volume(self, frames: FrameSource) -> ViewPrediction:
        """Always raises InputInvalid: this family reads single images."""
        raise InputInvalid("this network reads single images")

    def _run(self, prepared: PreparedView) -> ViewLogits:
        with torch.inference_mode():
            logits: ViewLogits = self._network(torch.from_numpy(prepared.array)[None])
        return logits


def _cells(breast: NDArray[np.bool_], grid: torch.Size) -> NDArray[np.bool_]:
    """Cells of the saliency map that hold any breast."""
    rows, cols = grid
    blocks = breast.reshape(rows, breast.shape[0] // rows, cols, breast.shape[1] // cols)
    return np.asarray(blocks.any((1, 3)))


def _cell_transform(prepared: PreparedView, rows: int) -> ViewTransform:
    """The caller's pixels -> cells of the saliency map."""
    step = prepared.array.shape[1] / rows
    whole = prepared.transform
    return ViewTransform(whole.offset_x, whole.offset_y, whole.scale / step)

"""An imported model behind the same face as a shipped one, with its own preprocessing.

Its exams are fused by the plain rule (breast = mean of its views, exam = larger breast), which is the rule of the RSNA
2023 winner. It has no statistics of what it was trained on: every view counts as outside what it knows, until a site
measures its own images (`descriptor`) when it commissions the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.errors import InputInvalid, NoScore, UnknownModel, WeightsHashMismatch, WeightsIncompatible
from models.importers import card as cards
from models.importers import kinds
from models.importers.answers import ANSWERS, Answer
from models.importers.plan import Placement
from models.ood import NO_BREAST
from models.predict import LoadedModel, ModelInfo
from models.predictions import ViewPrediction
from models.weights import sha256_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import nn

    from models.importers.card import ImportedCard
    from models.importers.plan import Plan
    from models.predictions import FrameSource
    from models.preprocess import PreparedView
    from models.regions import Region

GRAPH = "view"


class ImportedEngine:
    """Eager torch, float32, CPU: the whole network is its one graph."""

    name = "torch"
    precision = "f32"

    def __init__(self, kind: str, network: nn.Module) -> None:
        self._answer = ANSWERS[kind]
        self._network = network

    @property
    def runtime(self) -> str:
        """Torch's version."""
        return f"torch {torch.__version__}"

    def run(self, graph: str, *inputs: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Return (score (1,), map (h, w), regions (K, 7), features (F,)) of one view; see `answers.Answer`.

        Raises InputInvalid for another graph.
        """
        if graph != GRAPH:
            raise InputInvalid(f"an imported model has no graph {graph!r}")
        answer = self.answer(inputs[0])
        score = np.array([] if answer.score is None else [answer.score], np.float32)
        return score, answer.saliency, answer.regions, answer.features

    def answer(self, array: NDArray[np.float32]) -> Answer:
        """Return what the network says of one input float32 (channels, rows, cols)."""
        with torch.inference_mode():
            return self._answer(self._network(torch.from_numpy(array)[None]))


@dataclass(frozen=True, slots=True)
class ImportedPipeline:
    """From a prepared view to its prediction."""

    name: str
    engine: ImportedEngine

    def predict(self, prepared: PreparedView) -> ViewPrediction:
        """Return the prediction for one prepared view. Raises NoScore from an encoder without a head."""
        answer = self.engine.answer(prepared.array)
        if answer.score is None:
            raise NoScore(f"model {self.name!r} has features only; its checkpoint had no head")
        seen = bool(prepared.breast.any())
        return ViewPrediction(
            malignancy=answer.score,
            saliency=answer.saliency,
            saliency_transform=_cells(prepared, answer.saliency.shape),
            lesion_types={},
            densities={},
            regions=_regions(prepared, answer.regions) if seen else (),
            ood_score=NO_BREAST,
            breast_fraction=prepared.breast_fraction,
            notes=prepared.notes,
            descriptor=answer.features.astype(np.float64),
        )

    def predict_volume(self, frames: FrameSource) -> ViewPrediction:
        """Raise InputInvalid: imported models read single images."""
        raise InputInvalid(f"model {self.name!r} reads single images, not the {frames.count} frames of a volume")


@dataclass(frozen=True, slots=True)
class ImportedModel(LoadedModel):
    """A LoadedModel whose views are prepared by the imported plan."""

    plan: Plan

    def prepare(self, pixels01: NDArray[np.float32], pixel_mm: float) -> PreparedView:
        """Return the view ready for `predict`; input as for every model. Raises InputInvalid."""
        return self.plan.prepare(pixels01, pixel_mm)

    def embed(self, prepared: PreparedView) -> NDArray[np.float32]:
        """Return the network's features of a view, float32 (F,); every imported model has them."""
        engine = self.engine
        if not isinstance(engine, ImportedEngine):
            raise InputInvalid("the model does not run on an importer's engine")
        return engine.answer(prepared.array).features


def load(folder: Path, name: str | None = None) -> ImportedModel:
    """Return the imported model in a folder; `name` where there are several.

    Raises UnknownModel, CardInvalid, WeightsMissing, WeightsHashMismatch, WeightsIncompatible.
    """
    card = cards.read(folder, name or _only(folder))
    network = _filled(card, folder / card.common.weights_file)
    engine = ImportedEngine(card.kind, network.eval())
    pipeline = ImportedPipeline(card.common.name, engine)
    return ImportedModel(_info(card, engine), engine, pipeline, card.plan)


def _only(folder: Path) -> str:
    names: Sequence[str] = sorted(path.stem for path in folder.glob("*.toml"))
    if len(names) != 1:
        raise UnknownModel(f"{folder.name} holds {len(names)} models ({', '.join(names) or 'none'}); name one")
    return names[0]


def _filled(card: ImportedCard, path: Path) -> nn.Module:
    """The network with the weights of the file the card describes, key for key."""
    from safetensors.torch import load as from_bytes

    if (found := sha256_of(path)) != card.common.weights_sha256:
        raise WeightsHashMismatch(f"{path.name} has SHA-256 {found[:16]}..., its card says another")
    network = kinds.build(kinds.get(card.kind), card.network)
    try:
        network.load_state_dict(from_bytes(path.read_bytes()), strict=True)
    except RuntimeError as error:
        raise WeightsIncompatible(f"{path.name} does not fit the architecture: {error}") from error
    return network


def _info(card: ImportedCard, engine: ImportedEngine) -> ModelInfo:
    common = card.common
    return ModelInfo(
        name=common.name,
        version=common.version,
        weights_sha256=common.weights_sha256,
        preprocessing_id=common.preprocessing_id,
        preprocessing_sha256=common.preprocessing_sha256,
        engine=engine.name,
        precision=engine.precision,
        runtime=engine.runtime,
        modalities=common.modalities,
        views=common.views,
        phantom_trained=common.phantom_trained,
        label=common.label,
    )


def _placement(prepared: PreparedView) -> Placement:
    whole = prepared.transform
    scale_y = whole.scale_y if isinstance(whole, Placement) else whole.scale
    return Placement(whole.offset_x, whole.offset_y, whole.scale, scale_y)


def _cells(prepared: PreparedView, shape: tuple[int, ...]) -> Placement:
    """The caller's pixels -> cells of a map of that shape."""
    rows, cols = prepared.array.shape[1:]
    return _placement(prepared).cells(cols / max(shape[1], 1), rows / max(shape[0], 1))


def _regions(prepared: PreparedView, rows: NDArray[np.float32]) -> tuple[Region, ...]:
    """Regions in the caller's pixels, cut to the image, strongest first; those wholly outside are no regions."""
    from models.importers.answers import region_of

    found = (region_of(row, _placement(prepared), prepared.source_shape) for row in rows)
    return tuple(sorted((region for region in found if region is not None), key=lambda region: -region.score))

"""The front door: load a model once per process, hand it a view, get a prediction.

This is all that `readers.ai` needs; it decides nothing about exams, calibration or refusal.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models import cards
from models.preprocess import prepare
from models.registry import DEFAULT, create_model

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from models.cards import ModelCard, Reference
    from models.engines.protocol import Engine, ViewPrediction


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What every score must carry: which model, weights, preprocessing and arithmetic produced it."""

    name: str
    version: str
    weights_sha256: str
    preprocessing_id: str
    preprocessing_sha256: str
    engine: str
    precision: str
    runtime: str
    modalities: tuple[str, ...]
    views: tuple[str, ...]
    phantom_trained: bool
    label: str


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model ready to predict."""

    info: ModelInfo
    engine: Engine

    def predict_view(self, pixels01: NDArray[np.float32], pixel_mm: float) -> ViewPrediction:
        """Return the prediction for one view.

        `pixels01` is float32 (rows, cols) of presentation values 0..1, air dark, chest wall LEFT; `pixel_mm` its
        spacing in the plane of the detector. Regions come back in the pixels of this array. Raises InputInvalid.
        """
        return self.engine.predict(prepare(pixels01, pixel_mm))

    def reference(self) -> Reference:
        """Return the held-out scores from which a caller calibrates. Raises UnknownModel, CardInvalid."""
        return cards.reference(self.info.name)


@functools.cache
def load(name: str = DEFAULT) -> LoadedModel:
    """Return the model of that name, loaded once per process. Raises any of `models.errors`' loading errors."""
    network, ood, card = create_model(name)
    from models.engines.torch_engine import TorchEngine

    engine = TorchEngine(network, ood)
    return LoadedModel(_info(card, engine), engine)


def _info(card: ModelCard, engine: Engine) -> ModelInfo:
    return ModelInfo(
        name=card.name,
        version=card.version,
        weights_sha256=card.weights_sha256,
        preprocessing_id=card.preprocessing_id,
        preprocessing_sha256=card.preprocessing_sha256,
        engine=engine.name,
        precision=engine.precision,
        runtime=engine.runtime,
        modalities=card.modalities,
        views=card.views,
        phantom_trained=card.phantom_trained,
        label=card.label,
    )

"""The front door: load a model once per process, hand it views, get predictions of views, breasts and the exam.

This is all that `readers.ai` needs; it decides nothing about calibration or refusal.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from models import cards
from models.engines.choice import open_engine
from models.errors import CardInvalid, EngineUnavailable, InputInvalid
from models.pipeline import ImagePipeline
from models.pipeline_exam import predict_exam
from models.pipeline_volume import VolumePipeline
from models.predictions import BreastPrediction, ExamPrediction, FrameSource, ViewPrediction
from models.preprocess import PreparedView, prepare
from models.regions import Region
from models.registry import DEFAULT, card_of, statistics
from models.weights import STORE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from models.cards import ModelCard, Reference
    from models.engines.protocol import Engine
    from models.labels import Laterality, ViewName

__all__ = [
    "BreastPrediction",
    "EngineName",
    "ExamPrediction",
    "FrameSource",
    "LoadedModel",
    "ModelInfo",
    "Precision",
    "PreparedView",
    "Region",
    "ViewPrediction",
    "load",
]

EngineName = Literal["auto", "torch", "onnxruntime", "openvino"]
Precision = Literal["f32", "bf16"]
Family = Literal["ffdm", "dbt"]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What every score must carry: which model, weights, preprocessing and arithmetic produced it.

    `family` is what the model reads: `ffdm` single images, `dbt` tomosynthesis volumes. `engine_note` says why a better
    engine was passed over, empty where none was. `mark_from` is the lowest raw score of a region that is worth a mark.
    """

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
    family: Family = "ffdm"
    engine_note: str = ""
    mark_from: float = cards.MARK_FROM


class ViewPipeline(Protocol):
    """From a prepared view, or a volume, to its prediction."""

    def predict(self, prepared: PreparedView) -> ViewPrediction:
        """Return the prediction for one prepared view."""

    def predict_volume(self, frames: FrameSource) -> ViewPrediction:
        """Return the prediction for one volume."""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model ready to predict. Two runs on one machine and engine give the same bits, in any order of images."""

    info: ModelInfo
    engine: Engine
    pipeline: ViewPipeline

    def prepare(self, pixels01: NDArray[np.float32], pixel_mm: float) -> PreparedView:
        """Return the view ready for `predict`.

        `pixels01` is float32 (rows, cols) of presentation values 0..1, air dark, chest wall LEFT; `pixel_mm` its
        spacing in the plane of the detector. The result refers to `pixels01`. Raises InputInvalid.
        """
        return prepare(pixels01, pixel_mm)

    def predict(self, prepared: PreparedView) -> ViewPrediction:
        """Return the prediction for one view; regions in the pixels handed to `prepare`. Raises InputInvalid.

        A view without a breast scores far outside what the model knows and has no regions.
        """
        return self.pipeline.predict(prepared)

    def predict_view(self, pixels01: NDArray[np.float32], pixel_mm: float) -> ViewPrediction:
        """Prepare and predict one view. Raises InputInvalid."""
        return self.predict(self.prepare(pixels01, pixel_mm))

    def predict_volume(self, frames: FrameSource) -> ViewPrediction:
        """Return the prediction for one tomosynthesis volume; its regions carry their 0-based frame.

        Frames are asked for one at a time and never held together. Raises InputInvalid, also from a model that reads
        single images only.
        """
        if self.info.family != "dbt":
            raise InputInvalid(f"model {self.info.name!r} reads single images, not volumes")
        return self.pipeline.predict_volume(frames)

    def predict_exam(
        self,
        views: Mapping[tuple[Laterality, ViewName], ViewPrediction],
        priors: Mapping[tuple[Laterality, ViewName], ViewPrediction] | None = None,
    ) -> ExamPrediction:
        """Return the exam's prediction from its views and, where there are any, the prior exam's views.

        Missing views and priors are masked. Raises InputInvalid when there is no view at all.
        """
        return predict_exam(self.engine, views, priors or {})

    def reference(self) -> Reference:
        """Return the held-out scores from which a caller calibrates.

        Raises UnknownModel where there are none, CardInvalid where they are broken or of other weights than these.
        """
        found = cards.reference(self.info.name)
        if found.weights_sha256 != self.info.weights_sha256:
            raise CardInvalid(f"reference scores of {self.info.name!r} are of other weights")
        return found


def load(
    name: str = DEFAULT, engine: EngineName = "auto", precision: Precision = "f32", threads: int | None = None
) -> LoadedModel:
    """Return the model of that name, loaded once per process, engine, precision and number of threads.

    A name that ends in `.toml` is the path of an imported model's card (`models.importers`): torch, f32 only.
    `auto` is the best engine that is installed and that the model was exported for. `threads` None leaves the engine's
    choice. Raises EngineUnavailable and any of `models.errors`' loading errors.
    """
    return _load(name, engine, precision, threads)


@functools.cache
def _load(name: str, engine: EngineName, precision: Precision, threads: int | None) -> LoadedModel:
    if name.endswith(".toml"):
        return _imported(Path(name), engine, precision)
    card = card_of(name)
    return assemble(card, STORE, engine, precision, threads)


def _imported(card: Path, engine: EngineName, precision: Precision) -> LoadedModel:
    from models.importers.loaded import load as load_imported

    if engine not in ("auto", "torch") or precision != "f32":
        raise EngineUnavailable("imported models run on torch in f32 only")
    return load_imported(card.parent, card.stem)


def assemble(
    card: ModelCard, store: Path, engine: EngineName = "auto", precision: Precision = "f32", threads: int | None = None
) -> LoadedModel:
    """Return the model of a card whose files lie in `store`, without keeping it. Raises as `load`."""
    runner, note = open_engine(engine, precision, card, store, threads)
    pipeline = ImagePipeline if card.family == "ffdm" else VolumePipeline
    return LoadedModel(_info(card, runner, note), runner, pipeline(runner, statistics(card, store)))


def _info(card: ModelCard, engine: Engine, note: str) -> ModelInfo:
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
        family=card.family,
        engine_note=note,
        mark_from=card.mark_from,
    )

"""What may be commissioned: a model of ours, or an active reader that is another product.

Either reads without any calibration, so nothing it says here can count as a read. A model is asked for descriptors of
the images, too; of another product nothing is known but its answers and what it says of itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from readers.ai.calibration import Calibrations
from readers.ai.reader import NeuralReader
from screening.app.readers import ai_reader
from screening.app.settings import Settings
from screening.domain.errors import InvalidInput, ModelNotFound, ModelUnusable
from screening.workflow.ports import AiReader, FileLocator

if TYPE_CHECKING:
    from models.cards import Reference
    from models.predict import LoadedModel, ModelInfo
    from models.predictions import ExamPrediction, FrameSource, ViewPrediction
    from models.preprocess import PreparedView
    from readers.ai.views import ViewKey, ViewModel

NATIVE = "native"


def _none() -> NDArray[np.float64]:
    return np.zeros((0, 0))


@dataclass(frozen=True)
class Candidate:
    """A reader without calibrations; `fingerprint` changes whenever it could read an exam otherwise.

    `descriptors` gives those of the exam read last, float64 (views, F), (0, 0) where there are none. `reference` are
    the model's own held-out scores, None where it brings none.
    """

    reader: AiReader
    fingerprint: str
    descriptors: Callable[[], NDArray[np.float64]] = _none
    reference: Reference | None = None


@dataclass
class Recorder:
    """A model that answers as the one it wraps, and keeps the descriptors of the views it judged an exam by.

    Views of the prior, and retakes that the exam does not use, are not among them.
    """

    model: ViewModel
    judged: list[NDArray[np.float64]] = field(default_factory=list)

    @property
    def info(self) -> ModelInfo:
        """Identity of the model."""
        return self.model.info

    def prepare(self, pixels01: NDArray[np.float32], pixel_mm: float) -> PreparedView:
        """A view ready for `predict`."""
        return self.model.prepare(pixels01, pixel_mm)

    def predict(self, prepared: PreparedView) -> ViewPrediction:
        """The prediction of one view."""
        return self.model.predict(prepared)

    def predict_volume(self, frames: FrameSource) -> ViewPrediction:
        """The prediction of one volume."""
        return self.model.predict_volume(frames)

    def predict_exam(
        self, views: Mapping[ViewKey, ViewPrediction], priors: Mapping[ViewKey, ViewPrediction] | None = None
    ) -> ExamPrediction:
        """The prediction of the exam."""
        self.judged = [view.descriptor for view in views.values()]
        return self.model.predict_exam(views, priors)

    def take(self) -> NDArray[np.float64]:
        """Descriptors float64 (views, F) of the last exam, in an order that does not depend on the images'."""
        taken = sorted((one for one in self.judged if one.size), key=lambda one: one.tobytes())
        self.judged = []
        return np.stack(taken) if taken else _none()


def of_model(model: ViewModel, reference: Reference | None = None) -> Candidate:
    """A model of ours, shipped or imported."""
    recorder = Recorder(model)
    reader = NeuralReader(recorder, Calibrations(()))
    return Candidate(reader, reader.fingerprint, recorder.take, reference)


def candidate(settings: Settings, files: FileLocator, model: str = "", reader: str = "") -> Candidate:
    """The model of this name, or the active reader of that one.

    Raises InvalidInput unless one of them is named, ModelNotFound or ModelUnusable.
    """
    if bool(model) == bool(reader):
        raise InvalidInput("name a model, or with --reader a reader that is another product")
    if reader == NATIVE:
        raise InvalidInput("the native reader runs our own models: commission each by its name")
    if reader:
        built = ai_reader(settings, files, reader, calibrated=False)
        return Candidate(built, built.fingerprint)
    loaded = load_model(model, settings)
    return of_model(loaded, reference_of(loaded))


def load_model(name: str, settings: Settings) -> LoadedModel:
    """The model on the engine of the settings. Raises ModelNotFound or ModelUnusable."""
    from models import predict
    from models.errors import ModelError, UnknownModel

    try:
        return predict.load(name, settings.engine, settings.precision)
    except UnknownModel as error:
        raise ModelNotFound(str(error)) from error
    except ModelError as error:
        raise ModelUnusable(f"{error.code}: {error}") from error


def reference_of(model: LoadedModel) -> Reference | None:
    """The model's own held-out scores, None where it brings none. Raises ModelUnusable when they are broken."""
    from models.errors import CardInvalid, UnknownModel

    try:
        return model.reference()
    except UnknownModel:
        return None
    except CardInvalid as error:
        raise ModelUnusable(f"{error.code}: {error}") from error

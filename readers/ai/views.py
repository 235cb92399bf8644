"""One view after the other through the model: decode and prepare ahead, predict, or refuse with a reason.

Every image gets an answer of its own; what the answers mean for the exam is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from models.errors import InputInvalid, ModelError
from models.labels import Laterality as Side
from models.labels import ViewName
from models.predict import ModelInfo
from models.predictions import ExamPrediction, FrameSource, ViewPrediction
from models.preprocess import PreparedView
from readers.ai.compose import Point, Scored
from readers.ai.frames import StackedFrames
from readers.ai.pipeline import ahead
from screening.domain.errors import UnusableImage
from screening.domain.geometry import Flip
from screening.domain.quality import Exclusion, QualityCode, QualityNote, ReasonCode
from screening.domain.study import Image, ImageKind, Slot
from screening.workflow.ports import PixelSource, PresentationVolume

ENGINE_ERRORS: Final = (ModelError, RuntimeError, MemoryError)
"""How a model fails: its own errors, those of the engine below it (out of memory included), and those of Python."""

MEASURING_ERRORS: Final = (ValueError, ArithmeticError, LookupError)
"""How array code fails on a picture that its author did not think of."""

ViewKey = tuple[Side, ViewName]
Item = tuple[Slot, Image]

SLICE_NOTES = frozenset(QualityCode) - {QualityCode.MOTION_BLUR, QualityCode.NOISE, QualityCode.ARTEFACT}
"""What may be said of a slice: its blur and noise are those of the reconstruction, not of the exposure."""


class ViewModel(Protocol):
    """A loaded model: who it is, and its answers for a view, a volume and an exam (`models.predict.LoadedModel`)."""

    @property
    def info(self) -> ModelInfo:
        """Identity of the model."""
        ...

    def prepare(self, pixels01: NDArray[np.float32], pixel_mm: float) -> PreparedView:
        """A view ready for `predict`. Raises InputInvalid."""
        ...

    def predict(self, prepared: PreparedView) -> ViewPrediction:
        """The prediction of one view."""
        ...

    def predict_volume(self, frames: FrameSource) -> ViewPrediction:
        """The prediction of one volume; its regions carry their frame."""
        ...

    def predict_exam(
        self, views: Mapping[ViewKey, ViewPrediction], priors: Mapping[ViewKey, ViewPrediction] | None = None
    ) -> ExamPrediction:
        """The prediction of the exam."""
        ...


class Measure(Protocol):
    """Measures the quality of one image (`readers.ai.quality.measure`)."""

    def __call__(
        self, pixels01: NDArray[np.float32], pixel_mm: float, view: ViewName
    ) -> tuple[tuple[QualityCode, float], ...]:
        """Codes with what was measured; chest wall left, 0..1."""
        ...


@dataclass
class Stopwatch:
    """Seconds spent per stage of one exam."""

    decode: float = 0.0
    preprocess: float = 0.0
    network: float = 0.0


@dataclass(frozen=True)
class Answer:
    """What became of some images."""

    scored: tuple[Scored, ...]
    refused: tuple[Exclusion, ...]


@dataclass
class _Ready:
    """One image decoded and prepared, or the reason why not; `volume` where its frames are still to be read."""

    slot: Slot
    image: Image
    refusal: ReasonCode | None = None
    detail: str = ""
    flip: Flip | None = None
    prepared: PreparedView | None = None
    pixel_mm: float = 0.0
    nipple: Point | None = None
    volume: PresentationVolume | None = None
    quality: tuple[QualityNote, ...] | None = None
    warnings: tuple[ReasonCode, ...] = ()
    watch: Stopwatch = field(default_factory=Stopwatch)


@dataclass(frozen=True)
class ViewReader:
    """Reads images with one model."""

    model: ViewModel
    pixels: PixelSource
    seconds: Callable[[], float]
    measure: Measure

    def read(self, items: Iterable[Item], watch: Stopwatch) -> Answer:
        """Predict every image that can be used; each other one is refused with its reason."""
        scored: list[Scored] = []
        refused: list[Exclusion] = []
        for ready in ahead(self._ready, items):
            answer = self._answer(ready)
            watch.decode += ready.watch.decode
            watch.preprocess += ready.watch.preprocess
            watch.network += ready.watch.network
            if isinstance(answer, ReasonCode):
                refused.append(Exclusion(ready.image.sop_instance_uid, answer, ready.detail))
            else:
                scored.append(answer)
        return Answer(tuple(scored), tuple(refused))

    def _ready(self, item: Item) -> _Ready:
        """Decode and prepare; runs beside the network."""
        ready = _Ready(*item)
        try:
            self._decode(ready)
        except UnusableImage as error:
            ready.refusal, ready.detail = ReasonCode(error.reason), detail_of(error)
        except InputInvalid:
            ready.refusal = ReasonCode.CONTENT_IMPLAUSIBLE
        except ENGINE_ERRORS:
            ready.refusal = ReasonCode.MODEL_FAILED
        return ready

    def _decode(self, ready: _Ready) -> None:
        begun = self.seconds()
        if ready.image.kind is ImageKind.DBT:
            volume = ready.volume = self.pixels.open_volume(ready.image)
            pixels = volume.frame(volume.stack[len(volume.stack) // 2])
            ready.flip, ready.warnings = volume.flip, volume.warnings
            ready.pixel_mm = (volume.row_spacing_mm + volume.column_spacing_mm) / 2
        else:
            picture = self.pixels.load(ready.image)
            pixels, ready.flip, ready.warnings = picture.pixels, picture.flip, picture.warnings
            ready.pixel_mm = (picture.row_spacing_mm + picture.column_spacing_mm) / 2
        ready.watch.decode = self.seconds() - begun
        self._prepare(ready, pixels)

    def _prepare(self, ready: _Ready, pixels: NDArray[np.float32]) -> None:
        begun = self.seconds()
        ready.prepared = self.model.prepare(pixels, ready.pixel_mm)
        if "no_breast" in ready.prepared.notes:
            ready.refusal = ReasonCode.NO_BREAST
            return
        ready.nipple = nipple_of(ready.prepared)
        ready.quality = self._quality(ready, pixels)
        if ready.volume is not None:
            ready.prepared = None  # the model prepares a volume itself, and this one frame need not be held
        ready.watch.preprocess = self.seconds() - begun

    def _quality(self, ready: _Ready, pixels: NDArray[np.float32]) -> tuple[QualityNote, ...] | None:
        """Notes on the image; None when the measurement cannot cope with it, which stops nothing."""
        try:
            found = self.measure(pixels, ready.pixel_mm, view_key(ready.slot)[1])
        except MEASURING_ERRORS:
            return None
        kept = [(code, value) for code, value in found if ready.volume is None or code in SLICE_NOTES]
        return tuple(QualityNote(ready.image.sop_instance_uid, code, value) for code, value in kept)

    def _answer(self, ready: _Ready) -> Scored | ReasonCode:
        """The prediction, or why there is none. Pixels are let go of."""
        prepared, flip = ready.prepared, ready.flip
        ready.prepared = None
        if ready.refusal is not None or flip is None:
            return ready.refusal or ReasonCode.MODEL_FAILED
        begun = self.seconds()
        try:
            prediction = self._prediction(prepared, ready)
        except UnusableImage as error:
            ready.detail = detail_of(error)
            return ReasonCode(error.reason)
        except ENGINE_ERRORS:
            return ReasonCode.MODEL_FAILED
        ready.watch.network += self.seconds() - begun
        return Scored(
            ready.slot,
            ready.image,
            flip,
            prediction,
            ready.pixel_mm,
            ready.nipple,
            ready.quality,
            ready.warnings,
        )

    def _prediction(self, prepared: PreparedView | None, ready: _Ready) -> ViewPrediction:
        if ready.volume is not None:
            return self._volume(ready.volume, ready.watch)
        if prepared is None:
            raise InputInvalid("the view was not prepared")
        return self.model.predict(prepared)

    def _volume(self, volume: PresentationVolume, watch: Stopwatch) -> ViewPrediction:
        """Stream a volume's frames through the model; its regions then name stored frames."""
        frames = StackedFrames(volume, self.seconds)
        prediction = self.model.predict_volume(frames)
        watch.decode += frames.decoding
        regions = tuple(replace(region, frame=frames.stored(region.frame)) for region in prediction.regions)
        return replace(prediction, regions=regions)


def detail_of(error: UnusableImage) -> str:
    """What an error says beyond its code."""
    return "" if str(error) == error.reason else str(error)


def view_key(slot: Slot) -> ViewKey:
    """The slot as the model names it."""
    side: Side = "L" if slot.laterality.value == "L" else "R"
    view: ViewName = "CC" if slot.view.value == "CC" else "MLO"
    return side, view


def nipple_of(prepared: PreparedView) -> Point | None:
    """The most anterior point of the breast in pixels of the picture, the middle of several; None without a breast.

    It is the nipple where that is in profile, and near it otherwise: good enough to compare distances with.
    """
    columns = np.flatnonzero(prepared.breast.any(0))
    if columns.size == 0:
        return None
    column = int(columns[-1])
    row = float(np.flatnonzero(prepared.breast[:, column]).mean())
    return prepared.transform.point_to_source(column + 0.5, row + 0.5)

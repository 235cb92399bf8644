"""The native AI reader: study in, AI read or coded refusal out, one way.

slots -> decode -> network per view -> regions back in stored pixels -> breast -> exam -> calibration -> verdict.
It never raises for a bad exam and never guesses: what it cannot read is refused with a reason. When the model itself
fails on one view, the whole exam is: a read of the views that happened to go well would be another read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import Final, Protocol

from models.engines.protocol import Engine, ViewPrediction
from models.errors import InputInvalid, ModelError
from models.predict import ModelInfo
from models.preprocess import prepare
from readers.ai.calibration import Calibration, Calibrations, Stratum
from readers.ai.compose import Scored, breast_scores, exam_density, regions_of
from readers.ai.slots import Selection, fill_slots, warnings_of
from screening.domain.ai_read import AiIdentity, AiRead, AiStatus, SlotFill, Timing
from screening.domain.errors import UnusableImage
from screening.domain.quality import Exclusion, ReasonCode
from screening.domain.study import Image, Slot, Study
from screening.workflow.ports import PixelSource, PresentationImage

DECODE_THREADS = 2
ENGINE_ERRORS: Final = (ModelError, RuntimeError, MemoryError)
"""How a model fails: its own errors, those of the engine below it (out of memory included), and those of Python."""


class ViewModel(Protocol):
    """A loaded model: who it is, and the engine that predicts one prepared view."""

    @property
    def info(self) -> ModelInfo:
        """Identity of the model."""
        ...

    @property
    def engine(self) -> Engine:
        """Runs the network."""
        ...


@dataclass
class _Stopwatch:
    """Seconds spent per stage of one exam."""

    decode: float = 0.0
    preprocess: float = 0.0
    network: float = 0.0


@dataclass(frozen=True)
class _Loaded:
    slot: Slot
    image: Image
    picture: PresentationImage | None
    refusal: Exclusion | None
    seconds: float


class NeuralReader:
    """Reads studies with one loaded model and the calibrations in force."""

    def __init__(
        self, model: ViewModel, calibrations: Calibrations, seconds: Callable[[], float] = perf_counter
    ) -> None:
        """`seconds` is a monotonic counter for the stamped timings."""
        self._model = model
        self._calibrations = calibrations
        self._seconds = seconds

    @property
    def identity(self) -> AiIdentity:
        """Who signs the read."""
        info = self._model.info
        return AiIdentity(
            model=info.name,
            version=info.version,
            weights_sha256=info.weights_sha256,
            preprocessing=info.preprocessing_id,
            preprocessing_sha256=info.preprocessing_sha256,
            engine=info.engine,
            precision=info.precision,
            runtime=info.runtime,
            label=info.label,
        )

    @property
    def fingerprint(self) -> str:
        """Which calibrations are in force."""
        return self._calibrations.fingerprint

    def read(self, study: Study, pixels: PixelSource, site: str, prior: Study | None = None) -> AiRead:
        """Read one study. The prior is listed but not used by this model (`prior_used` is False).

        Retakes of a view are marked too; the exam uses the preferred image of each view that could be read.
        """
        started = self._seconds()
        selection = fill_slots(study)
        watch = _Stopwatch()
        loaded = self._load(selection, pixels)
        marked, refused = _all_or_none(loaded, *self._predict(loaded, watch))
        scored = _one_per_slot(marked)
        stratum = _stratum([item.image for item in scored] or list(study.images), site)
        calibration = self._calibrations.find(self.identity, stratum)
        status, reasons = verdict(selection, scored, refused, calibration)
        usable = calibration if status is AiStatus.OK else None
        breasts = breast_scores(scored, usable)
        raw = max((breast.raw_score for breast in breasts), default=None)
        exam_score = usable.exam_score(raw) if usable and raw is not None else None
        return AiRead(
            study_instance_uid=study.study_instance_uid,
            status=status,
            reasons=reasons,
            identity=self.identity,
            stratum=str(stratum),
            calibration_id=usable.id if usable else None,
            exam_score=exam_score,
            raw_score=raw,
            probability=max((b.probability for b in breasts if b.probability is not None), default=None),
            flagged=usable is not None and exam_score is not None and exam_score >= usable.flag_from,
            breasts=breasts,
            regions=regions_of(marked),
            density=exam_density(scored),
            slots=_fills(scored),
            excluded=(*_not_used(selection, scored), *refused),
            warnings=warnings_of(study, [item.image for item in marked]),
            prior_used=False,
            input_digests=tuple(sorted(item.image.digest for item in marked)),
            timing=self._timing(watch, started),
        )

    def _load(self, selection: Selection, pixels: PixelSource) -> list[_Loaded]:
        """Decode the images to read, two at a time: the decoders release the interpreter lock."""

        def one(item: tuple[Slot, Image]) -> _Loaded:
            slot, image = item
            begun = self._seconds()
            try:
                picture = pixels.load(image)
            except (UnusableImage, MemoryError) as error:
                reason = ReasonCode(error.reason) if isinstance(error, UnusableImage) else ReasonCode.MODEL_FAILED
                refusal = Exclusion(image.sop_instance_uid, reason)
                return _Loaded(slot, image, None, refusal, self._seconds() - begun)
            return _Loaded(slot, image, picture, None, self._seconds() - begun)

        with ThreadPoolExecutor(DECODE_THREADS) as pool:
            return list(pool.map(one, selection.to_read()))

    def _predict(self, loaded: Sequence[_Loaded], watch: _Stopwatch) -> tuple[list[Scored], list[Exclusion]]:
        """Predict every decoded view; a view without a breast or with unusable values is refused."""
        scored: list[Scored] = []
        refused: list[Exclusion] = []
        for item in loaded:
            watch.decode += item.seconds
            if item.picture is None:
                refused += [item.refusal] if item.refusal else []
                continue
            try:
                answer = self._predict_one(item.picture, watch)
            except ENGINE_ERRORS:
                answer = ReasonCode.MODEL_FAILED
            if isinstance(answer, ReasonCode):
                refused.append(Exclusion(item.image.sop_instance_uid, answer))
            else:
                scored.append(Scored(item.slot, item.image, item.picture.flip, answer))
        return scored, refused

    def _predict_one(self, picture: PresentationImage, watch: _Stopwatch) -> ViewPrediction | ReasonCode:
        begun = self._seconds()
        spacing = (picture.row_spacing_mm + picture.column_spacing_mm) / 2
        try:
            prepared = prepare(picture.pixels, spacing)
        except InputInvalid:
            return ReasonCode.CONTENT_IMPLAUSIBLE
        watch.preprocess += self._seconds() - begun
        if "no_breast" in prepared.notes:
            return ReasonCode.NO_BREAST
        begun = self._seconds()
        prediction = self._model.engine.predict(prepared)
        watch.network += self._seconds() - begun
        return prediction

    def _timing(self, watch: _Stopwatch, started: float) -> Timing:
        total = self._seconds() - started
        stages = (watch.decode, watch.preprocess, watch.network, total)
        return Timing(*(round(seconds, 4) for seconds in stages))


def verdict(
    selection: Selection, scored: Sequence[Scored], refused: Sequence[Exclusion], calibration: Calibration | None
) -> tuple[AiStatus, tuple[ReasonCode, ...]]:
    """Status and reasons of a read: `ok` only with four readable views, all in distribution, and a calibration."""
    if any(item.reason is ReasonCode.MODEL_FAILED for item in refused):
        return AiStatus.FAILED, (ReasonCode.MODEL_FAILED,)
    if not scored:
        why = dict.fromkeys((ReasonCode.NO_USABLE_IMAGES, *(item.reason for item in refused)))
        return AiStatus.UNSUPPORTED, tuple(why)
    reasons: list[ReasonCode] = []
    if any(item.prediction.ood_score > 1.0 for item in scored):
        reasons.append(ReasonCode.OUT_OF_DISTRIBUTION)
    if len(scored) < len(Slot):
        reasons.append(ReasonCode.VIEWS_MISSING)
    unsupported = bool(reasons)
    if calibration is None:
        reasons.append(ReasonCode.STRATUM_UNCALIBRATED)
    if unsupported:
        return AiStatus.UNSUPPORTED, tuple(reasons)
    return (AiStatus.UNCALIBRATED if reasons else AiStatus.OK), tuple(reasons)


def _all_or_none(
    loaded: Sequence[_Loaded], scored: list[Scored], refused: list[Exclusion]
) -> tuple[list[Scored], list[Exclusion]]:
    """Views and refusals as they are, unless the model failed on a view: then no view counts, and each is named."""
    if all(item.reason is not ReasonCode.MODEL_FAILED for item in refused):
        return scored, refused
    named = {item.sop_instance_uid for item in refused}
    uids = [item.image.sop_instance_uid for item in loaded]
    return [], [*refused, *(Exclusion(uid, ReasonCode.MODEL_FAILED) for uid in uids if uid not in named)]


def _one_per_slot(marked: Sequence[Scored]) -> list[Scored]:
    """The view the exam uses of each slot: the preferred one that could be read."""
    by_slot: dict[Slot, Scored] = {}
    for item in marked:
        by_slot.setdefault(item.slot, item)
    return list(by_slot.values())


def _not_used(selection: Selection, scored: Sequence[Scored]) -> tuple[Exclusion, ...]:
    """What was left out, without a retake that had to stand in for the preferred image."""
    used = {Exclusion(item.image.sop_instance_uid, ReasonCode.REPEAT_NOT_CHOSEN) for item in scored}
    return tuple(item for item in selection.excluded if item not in used)


def _stratum(images: Sequence[Image], site: str) -> Stratum:
    """The stratum of the images; an exam made on two devices belongs to none."""
    devices = {(image.device.manufacturer, image.device.model, image.device.software) for image in images}
    if len(devices) != 1:
        return Stratum("mixed" if devices else "unknown", "", "", site)
    return Stratum(*devices.pop(), site)


def _fills(scored: Sequence[Scored]) -> tuple[SlotFill, ...]:
    by_slot: Mapping[Slot, Scored] = {item.slot: item for item in scored}
    return tuple(SlotFill(slot, by_slot[slot].image.sop_instance_uid if slot in by_slot else None) for slot in Slot)

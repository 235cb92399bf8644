"""The native AI reader: study in, AI read or coded refusal out, one way.

plan -> slots -> decode -> network per view -> prior -> exam -> calibration -> verdict -> regions in stored pixels.
It never raises for a bad exam and never guesses: what it cannot read is refused with a reason. When the model itself
fails on one view, the whole exam is: a read of the views that happened to go well would be another read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from models.predict import ModelInfo
from models.predictions import ExamPrediction
from readers.ai import quality
from readers.ai.calibration import Calibration, Calibrations, Stratum
from readers.ai.compose import Scored, breast_scores, exam_density, marks_of, region_of
from readers.ai.evidence import explain
from readers.ai.explain.saliency import ExplainedRead, SaliencyMap, saliency_map
from readers.ai.plans import KINDS, Plan, plans_of
from readers.ai.priors import Priors, read_priors
from readers.ai.slots import warnings_of
from readers.ai.verdict import failed, is_unfamiliar, judged, unfit, verdict
from readers.ai.views import ENGINE_ERRORS, Measure, Stopwatch, ViewModel, ViewReader, view_key
from screening.domain.ai_read import AiIdentity, AiRead, AiStatus, SlotFill, Timing
from screening.domain.identifiers import SopInstanceUid
from screening.domain.quality import Exclusion, QualityNote, ReasonCode
from screening.domain.study import Slot, Study
from screening.workflow.ports import PixelSource
from screening.workflow.read_by_ai import refused_read

__all__ = ["NeuralReader", "ViewModel", "identity_of"]


@dataclass(frozen=True)
class _Attempt:
    """An exam as one model saw it: every view it read, and what it could not."""

    plan: Plan
    marked: tuple[Scored, ...]
    refused: tuple[Exclusion, ...]

    @property
    def scored(self) -> tuple[Scored, ...]:
        """The view the exam uses of each slot: the preferred one that could be read."""
        by_slot: dict[Slot, Scored] = {}
        for item in self.marked:
            by_slot.setdefault(item.slot, item)
        return tuple(by_slot.values())

    @property
    def excluded(self) -> tuple[Exclusion, ...]:
        """Everything left out, without a retake that had to stand in for the preferred image."""
        told = {item.sop_instance_uid for item in self.refused}
        used = {Exclusion(item.image.sop_instance_uid, ReasonCode.REPEAT_NOT_CHOSEN) for item in self.scored}
        not_read = self.plan.selection.excluded
        kept = (i for i in not_read if i not in used and not (i.sop_instance_uid in told and _retake_reason(i)))
        return (*kept, *self.refused)

    @property
    def saliency(self) -> dict[SopInstanceUid, SaliencyMap]:
        """The maps of the images that the exam uses."""
        deep = self.plan.model.info.family == "dbt"
        return {item.image.sop_instance_uid: saliency_map(item.prediction, deep) for item in self.scored}

    @property
    def complete(self) -> bool:
        """Whether every standard view could be read."""
        return len(self.scored) == len(Slot)


class NeuralReader:
    """Reads studies with a loaded model, or two of different families, and the calibrations in force."""

    def __init__(
        self,
        model: ViewModel,
        calibrations: Calibrations,
        seconds: Callable[[], float] = perf_counter,
        volumes: ViewModel | None = None,
        measure: Measure = quality.measure,
    ) -> None:
        """`volumes` reads exams whose four views are there as tomosynthesis only; None: such exams are refused.

        `seconds` is a monotonic counter for the stamped timings. `measure` makes the image quality notes.
        """
        self._models = [one for one in (model, volumes) if one is not None]
        self._calibrations = calibrations
        self._seconds = seconds
        self._measure = measure

    @property
    def identity(self) -> AiIdentity:
        """Who signs reads of mammograms; a read of volumes is signed by the model that made it."""
        return identity_of(self._models[0].info)

    @property
    def fingerprint(self) -> str:
        """Which models and calibrations are in force."""
        parts = [repr(identity_of(model.info)) for model in self._models]
        return hashlib.sha256("\n".join((*parts, self._calibrations.fingerprint)).encode()).hexdigest()

    def read(self, study: Study, pixels: PixelSource, site: str, prior: Study | None = None) -> AiRead:
        """Read one study, compared with the prior where that is an older one of the same woman.

        Retakes of a view are marked too; the exam uses the preferred image of each view that could be read.
        """
        return self.explained(study, pixels, site, prior).read

    def explained(self, study: Study, pixels: PixelSource, site: str, prior: Study | None = None) -> ExplainedRead:
        """The same with the maps of the images that the exam uses: one run of the network for both."""
        started, watch = self._seconds(), Stopwatch()
        attempt = self._best(study, pixels, watch)
        identity = identity_of(attempt.plan.model.info)
        stratum = Stratum.of_images([item.image for item in attempt.scored] or list(study.images), site)
        day = study.header.study_date
        calibration = self._calibrations.find(identity, stratum, day)
        priors = self._priors(study, prior, attempt, calibration, pixels)
        exam, priors = self._exam(attempt, priors)
        if attempt.scored and exam is None:
            attempt = _gone(attempt)
        tried = attempt.refused if attempt.scored else unfit(study, attempt.excluded)
        why_none = self._calibrations.why_none(identity, stratum, day)
        found = verdict(attempt.scored, tried, calibration, why_none)
        usable = calibration if found[0] is AiStatus.OK else None
        breasts = breast_scores(exam, attempt.scored, usable) if exam else ()
        raw = exam.malignancy if exam else None
        read = judged(_seen(study, attempt, priors), found, raw, breasts, usable)
        signed = replace(read, identity=identity, stratum=str(stratum), prior_used=bool(exam and exam.prior_used))
        return ExplainedRead(replace(signed, timing=self._timing(watch, started)), attempt.saliency)

    def _best(self, study: Study, pixels: PixelSource, watch: Stopwatch) -> _Attempt:
        """The read of the first plan, or of another complete one where images of the first turn out to be unusable."""
        first, *others = plans_of(study, self._models)
        best = self._attempt(first, pixels, watch)
        for plan in others:
            if best.complete or failed(best.refused) or plan.selection.missing:
                break
            other = self._attempt(plan, pixels, watch)
            if other.complete:
                best = replace(other, refused=(*best.refused, *other.refused))
        return best

    def _attempt(self, plan: Plan, pixels: PixelSource, watch: Stopwatch) -> _Attempt:
        items = plan.selection.to_read()
        answer = self._views(plan.model, pixels).read(items, watch)
        attempt = _Attempt(plan, answer.scored, answer.refused)
        return _gone(attempt) if failed(answer.refused) else attempt

    def _views(self, model: ViewModel, pixels: PixelSource) -> ViewReader:
        return ViewReader(model, pixels, self._seconds, self._measure)

    def _priors(
        self,
        study: Study,
        prior: Study | None,
        attempt: _Attempt,
        calibration: Calibration | None,
        pixels: PixelSource,
    ) -> Priors:
        """The prior's views; an exam that gets no score is not compared."""
        if not attempt.complete:
            return Priors()
        model = attempt.plan.model
        slots = {item.slot for item in attempt.scored}
        reader = self._views(model, pixels)
        return read_priors(
            study, prior, slots, KINDS[model.info.family], reader, lambda item: is_unfamiliar(item, calibration)
        )

    def _exam(self, attempt: _Attempt, priors: Priors) -> tuple[ExamPrediction | None, Priors]:
        """The exam's prediction, without priors where the model cannot bear them; None when it fails even so."""
        if not attempt.scored:
            return None, priors
        views = {view_key(item.slot): item.prediction for item in attempt.scored}
        before = {view_key(slot): item.prediction for slot, item in priors.views.items()}
        try:
            return attempt.plan.model.predict_exam(views, before), priors
        except ENGINE_ERRORS:
            return (None, priors) if not before else self._exam(attempt, _dropped(priors))

    def _timing(self, watch: Stopwatch, started: float) -> Timing:
        total = self._seconds() - started
        stages = (watch.decode, watch.preprocess, watch.network, total)
        return Timing(*(round(seconds, 4) for seconds in stages))


def identity_of(info: ModelInfo) -> AiIdentity:
    """The signature of a model."""
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


def _seen(study: Study, attempt: _Attempt, priors: Priors) -> AiRead:
    """What the read says of the images, whatever it comes to: marks, slots, what was left out, and why."""
    scored, marks = attempt.scored, marks_of(attempt.marked, attempt.plan.model.info.mark_from)
    return replace(
        refused_read(study, AiStatus.UNSUPPORTED, ReasonCode.NO_USABLE_IMAGES),
        regions=tuple(map(region_of, marks)),
        density=exam_density(scored),
        slots=_fills(scored),
        excluded=attempt.excluded,
        warnings=(*_warnings(study, attempt.marked), *priors.warnings),
        input_digests=tuple(sorted(item.image.digest for item in attempt.marked)),
        quality=_quality(scored),
        explanation=explain(marks, priors.views),
        prior_digests=priors.digests,
    )


def _quality(scored: Sequence[Scored]) -> tuple[QualityNote, ...] | None:
    """The notes on the images; None when not one of them could be measured."""
    measured = [item.quality for item in scored if item.quality is not None]
    return tuple(note for notes in measured for note in notes) if measured else None


def _gone(attempt: _Attempt) -> _Attempt:
    """The attempt of a model that failed: no view counts, and every image it was to read is named."""
    named = {item.sop_instance_uid for item in attempt.refused}
    uids = [image.sop_instance_uid for _, image in attempt.plan.selection.to_read()]
    told = (Exclusion(uid, ReasonCode.MODEL_FAILED) for uid in uids if uid not in named)
    return replace(attempt, marked=(), refused=(*attempt.refused, *told))


def _dropped(priors: Priors) -> Priors:
    """No priors, each named as one the model could not compare with."""
    why = ReasonCode.MODEL_FAILED.value
    told = [Exclusion(i.image.sop_instance_uid, ReasonCode.PRIOR_UNUSABLE, why) for i in priors.views.values()]
    return Priors(warnings=(*priors.warnings, *told))


def _retake_reason(item: Exclusion) -> bool:
    """Whether an exclusion only says that the image was not the preferred one, or of another kind."""
    return item.reason in (ReasonCode.REPEAT_NOT_CHOSEN, ReasonCode.MAMMOGRAM_2D, ReasonCode.TOMOSYNTHESIS)


def _warnings(study: Study, marked: Sequence[Scored]) -> tuple[Exclusion, ...]:
    """Warnings of the images that were read, from their headers and from decoding."""
    decoded = (Exclusion(item.image.sop_instance_uid, code) for item in marked for code in item.warnings)
    return tuple(dict.fromkeys((*warnings_of(study, [item.image for item in marked]), *decoded)))


def _fills(scored: Sequence[Scored]) -> tuple[SlotFill, ...]:
    by_slot: Mapping[Slot, Scored] = {item.slot: item for item in scored}
    return tuple(SlotFill(slot, by_slot[slot].image.sop_instance_uid if slot in by_slot else None) for slot in Slot)

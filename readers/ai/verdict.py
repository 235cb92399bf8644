"""Status and reasons of a read: `ok` only with four readable views, all familiar, and an accepted calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from readers.ai.calibration import Calibration
from readers.ai.compose import Scored
from screening.domain.ai_read import AiRead, AiStatus, BreastScore
from screening.domain.quality import Exclusion, ReasonCode
from screening.domain.study import Slot, Study

Verdict = tuple[AiStatus, tuple[ReasonCode, ...]]


def verdict(
    scored: Sequence[Scored],
    refused: Sequence[Exclusion],
    calibration: Calibration | None,
    uncalibrated: ReasonCode = ReasonCode.STRATUM_UNCALIBRATED,
) -> Verdict:
    """The verdict on the views of an exam, one per slot.

    `refused` are the images that could not be used and why; where nothing was left to read, their reasons are those of
    the exam. `uncalibrated` says why there is no calibration.
    """
    if failed(refused):
        return AiStatus.FAILED, (ReasonCode.MODEL_FAILED,)
    if not scored:
        why = dict.fromkeys((ReasonCode.NO_USABLE_IMAGES, *(item.reason for item in refused)))
        return AiStatus.UNSUPPORTED, tuple(why)
    reasons: list[ReasonCode] = []
    if any(is_unfamiliar(item, calibration) for item in scored):
        reasons.append(ReasonCode.OUT_OF_DISTRIBUTION)
    return settled(reasons, len(scored), calibration, uncalibrated)


def judged(
    read: AiRead, found: Verdict, raw: float | None, breasts: Sequence[BreastScore], calibration: Calibration | None
) -> AiRead:
    """The read with its verdict and the scores of exam and breasts, as the calibration understands them.

    Without one (None; unless the verdict is `ok` there is none) the raw ones are there to look at, and nothing is
    flagged.
    """
    score = calibration.exam_score(raw) if calibration and raw is not None else None
    return replace(
        read,
        status=found[0],
        reasons=found[1],
        calibration_id=calibration.id if calibration else None,
        exam_score=score,
        raw_score=raw,
        probability=max((b.probability for b in breasts if b.probability is not None), default=None),
        flagged=calibration is not None and score is not None and score >= calibration.flag_from,
        breasts=tuple(breasts),
    )


def settled(
    against: Sequence[ReasonCode], views: int, calibration: Calibration | None, uncalibrated: ReasonCode
) -> Verdict:
    """The verdict on an exam of which `views` standard views were read, with the reasons that speak against it."""
    reasons = [*against, *([ReasonCode.VIEWS_MISSING] if views < len(Slot) else [])]
    told = tuple(reasons if calibration else [*reasons, uncalibrated])
    if reasons:
        return AiStatus.UNSUPPORTED, told
    return (AiStatus.UNCALIBRATED if told else AiStatus.OK), told


def failed(refused: Sequence[Exclusion]) -> bool:
    """Whether the model itself failed on an image: then it has not read the exam."""
    return any(item.reason is ReasonCode.MODEL_FAILED for item in refused)


def is_unfamiliar(item: Scored, calibration: Calibration | None) -> bool:
    """Whether a view is unlike what the model knows, or unlike the unit's own images where a calibration names them."""
    score = calibration.ood_score(item.prediction) if calibration else item.prediction.ood_score
    return not score <= 1.0


def unfit(study: Study, excluded: Sequence[Exclusion]) -> tuple[Exclusion, ...]:
    """Of what was left out, the images; reports and other objects are no reason why an exam cannot be read."""
    images = {image.sop_instance_uid for image in study.images}
    return tuple(item for item in excluded if item.sop_instance_uid in images)

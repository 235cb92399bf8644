"""Commission one model on one stratum: fit, measure, judge. Pure numbers in, a calibration and its verdict out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from models.cards import Reference
from readers.ai import calibration_ood
from readers.ai.calibration import Calibration, OperatingPoint, Stratum
from readers.ai.calibration_fit import Fit, fit
from readers.ai.calibration_ood import LocalReference
from readers.ai.commissioning import figures as measured
from readers.ai.commissioning.evidence import ExamEvidence
from readers.ai.commissioning.figures import Figures
from readers.ai.commissioning.limits import Limits
from readers.ai.commissioning.reliability import reliability
from readers.ai.commissioning.verdict import Verdict, judge
from screening.domain.ai_read import AiIdentity

MODEL_UNLIKE = "out_of_distribution"


@dataclass(frozen=True)
class Plan:
    """What is decided before the figures are seen: limits, first exam date, name, and whether images are local.

    `local_ood` takes the stratum's own images as the out-of-distribution reference. `population` names the set that
    the deciles come from.
    """

    limits: Limits
    valid_from: date
    population: str
    calibration_id: str = ""
    local_ood: bool = False


@dataclass(frozen=True)
class Commissioned:
    """Outcome of one stratum; `calibration` is None where the exams do not allow one to be fitted."""

    stratum: Stratum
    calibration_id: str
    calibration: Calibration | None
    figures: Figures
    verdict: Verdict
    method: Mapping[str, object]
    scores: Mapping[str, tuple[float, ...]]


def commission(
    identity: AiIdentity, stratum: Stratum, exams: Sequence[ExamEvidence], plan: Plan, reference: Reference | None
) -> Commissioned:
    """Fit the calibration of a stratum, measure it and judge it.

    `reference` are the model's own held-out scores: the distance to them is measured where there are any, and their
    deciles stand in where the stratum has too few exams without a cancer.
    """
    local = _local_reference(exams) if plan.local_ood else None
    exams = _judged_locally(exams, local) if local else exams
    fitted = _fitted(exams, plan.limits.exam_prevalence)
    figures = _figures(exams, plan.limits, reference, fitted)
    name = plan.calibration_id or calibration_id(identity, stratum, plan.valid_from)
    calibration = _calibration(identity, stratum, plan, name, fitted, _deciles(exams, plan, reference), figures, local)
    method = _method(fitted, local, plan.local_ood)
    return Commissioned(stratum, name, calibration, figures, judge(figures, plan.limits), method, _scores(exams))


def calibration_id(identity: AiIdentity, stratum: Stratum, valid_from: date) -> str:
    """A name that tells model, device, site and date, and is its own for each weights file and stratum.

    Made of letters a file name may hold; the last part is a hash, because two device names may differ in others only.
    """
    words = (identity.model, identity.version, stratum.manufacturer, stratum.model, stratum.software, stratum.site)
    plain = "-".join(filter(None, (re.sub(r"[^a-z0-9.]+", "-", word.lower()).strip("-.") for word in words)))
    reduced = () if identity.precision == "f32" else (identity.precision,)
    came = () if identity.hashed else (identity.product, identity.preprocessing)
    told = "\x1f".join((identity.weights_sha256, identity.preprocessing_sha256, str(stratum), *reduced, *came))
    return f"{plain[:80]}-{valid_from.isoformat()}-{hashlib.sha256(told.encode()).hexdigest()[:8]}"


def _figures(exams: Sequence[ExamEvidence], limits: Limits, reference: Reference | None, fitted: Fit | None) -> Figures:
    theirs = _reference_scores(reference)
    figures = measured.measure(exams, limits.flag_from, limits.exam_prevalence, theirs, fitted.gain if fitted else None)
    if fitted is None:
        return figures
    return replace(figures, reliability=reliability("breast" if _sided(exams) else "exam", fitted.left_out))


def _local_reference(exams: Sequence[ExamEvidence]) -> LocalReference | None:
    views = [exam.descriptors for exam in exams if exam.descriptors.size]
    return calibration_ood.fit(views) if len(views) >= calibration_ood.LEAST_EXAMS else None


def _judged_locally(exams: Sequence[ExamEvidence], local: LocalReference) -> list[ExamEvidence]:
    """The exams with their refusals as a reader with this reference gives them.

    Each exam is measured against the others only, at the limit that all of them together set.
    """
    described = [exam for exam in exams if exam.descriptors.size]
    distances = calibration_ood.left_out_distances([exam.descriptors for exam in described])
    ends = np.cumsum([len(exam.descriptors) for exam in described])
    outside = {
        id(exam): bool((part > local.reference.limit).any())
        for exam, part in zip(described, np.split(distances, ends[:-1]), strict=True)
    }
    return [_with_local_verdict(exam, outside.get(id(exam), True)) for exam in exams]


def _with_local_verdict(exam: ExamEvidence, outside: bool) -> ExamEvidence:
    others = tuple(code for code in exam.refusals if code != MODEL_UNLIKE)
    return replace(exam, refusals=(*others, MODEL_UNLIKE) if outside else others)


def _fitted(exams: Sequence[ExamEvidence], exam_prevalence: float) -> Fit | None:
    """Fit on breasts when every cancer has a side, else on exams; None without both classes."""
    read = [(number, exam) for number, exam in enumerate(exams) if exam.score is not None]
    if _sided(exams):
        rows = [(breast.raw, bool(breast.cancer), number) for number, exam in read for breast in exam.breasts]
    else:
        rows = [(exam.score or 0.0, exam.cancer, number) for number, exam in read]
    if len({sick for _, sick, _ in rows}) < 2:
        return None
    raw, sick, groups = zip(*rows, strict=True)
    return fit(raw, sick, groups, exam_prevalence / 2)


def _sided(exams: Sequence[ExamEvidence]) -> bool:
    """Whether it is known of every breast that was scored if it had a cancer."""
    read = [exam for exam in exams if exam.score is not None]
    return all(exam.breasts and all(breast.cancer is not None for breast in exam.breasts) for exam in read)


def _deciles(
    exams: Sequence[ExamEvidence], plan: Plan, reference: Reference | None
) -> tuple[tuple[float, ...], str] | None:
    """Deciles and the name of the set they come from: the stratum's normals, else the model's own reference."""
    normals = [exam.score for exam in exams if exam.score is not None and not exam.cancer]
    if len(normals) >= measured.LEAST_FOR_DECILES:
        return measured.deciles(normals), f"{plan.population}, {len(normals)} exams without a cancer"
    return (reference.exam_deciles, reference.population) if reference else None


def _calibration(
    identity: AiIdentity,
    stratum: Stratum,
    plan: Plan,
    name: str,
    fitted: Fit | None,
    deciles: tuple[tuple[float, ...], str] | None,
    figures: Figures,
    local: LocalReference | None,
) -> Calibration | None:
    if fitted is None or deciles is None:
        return None
    flag_from = plan.limits.flag_from
    return Calibration(
        id=name,
        product=identity.product,
        weights_sha256=identity.weights_sha256,
        preprocessing_sha256=identity.preprocessing_sha256,
        stratum=stratum,
        mapping=fitted.mapping,
        prevalence=plan.limits.exam_prevalence / 2,
        exam_deciles=deciles[0],
        flag_from=flag_from,
        population=deciles[1],
        valid_from=plan.valid_from,
        operating_points=(OperatingPoint("flag", flag_from, figures.sensitivity, figures.specificity),),
        ood=local,
        precision=identity.precision,
        preprocessing="" if identity.hashed else identity.preprocessing,
    )


def _method(fitted: Fit | None, local: LocalReference | None, wanted: bool) -> dict[str, object]:
    told: dict[str, object] = {}
    if fitted is not None:
        told["chosen"] = fitted.mapping.method
        told["left_out_log_loss"] = {name: round(loss, 6) for name, loss in fitted.losses.items()}
        told["log_loss_of_the_prevalence_alone"] = round(fitted.null_loss, 6)
        told["prevalence_of_the_sample"] = round(fitted.sample_prevalence, 6)
    if local is not None:
        told["local_reference"] = {"exams": local.exams, "views": local.views}
    elif wanted:
        told["local_reference"] = f"none: fewer than {calibration_ood.LEAST_EXAMS} exams with descriptors"
    return told


def _reference_scores(reference: Reference | None) -> list[float]:
    if reference is None:
        return []
    return [score.score for score in reference.scores if score.unit == "exam" and not score.malignant]


def _scores(exams: Sequence[ExamEvidence]) -> dict[str, tuple[float, ...]]:
    read = [(round(exam.score, 6), exam.cancer) for exam in exams if exam.score is not None]
    return {
        name: tuple(sorted(score for score, cancer in read if cancer is sick))
        for name, sick in (("cancer", True), ("no_cancer", False))
    }

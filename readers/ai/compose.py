"""From predictions of views and of the exam to regions in stored pixels, breast scores and density, and no more.

How views are fused is the model's business (`predict_exam`); here its answer takes the form of an AI read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.predictions import ExamPrediction, ViewPrediction
from models.regions import Region as ViewRegion
from readers.ai.calibration import Calibration
from screening.domain.ai_read import BreastDensity, BreastScore, Region
from screening.domain.geometry import Flip
from screening.domain.opinion import FindingType, ImageLocation
from screening.domain.quality import QualityNote, ReasonCode
from screening.domain.study import Image, Laterality, Slot

FINDING_TYPES: Mapping[str, FindingType] = {
    "mass": FindingType.MASS,
    "calcification": FindingType.CALCIFICATION,
    "distortion": FindingType.ARCHITECTURAL_DISTORTION,
    "asymmetry": FindingType.ASYMMETRY,
}

Point = tuple[float, float]
"""x, y in pixels of the image as shown."""


@dataclass(frozen=True)
class Scored:
    """One view with its prediction; `flip` leads from the predicted picture to the stored pixels.

    `pixel_mm` is the spacing of the picture, `nipple` its most anterior point of the breast, None where none was found.
    `quality` is None where it could not be measured. `warnings` come from decoding.
    Regions of a volume carry the 0-based index of the stored frame.
    """

    slot: Slot
    image: Image
    flip: Flip
    prediction: ViewPrediction
    pixel_mm: float
    nipple: Point | None = None
    quality: tuple[QualityNote, ...] | None = None
    warnings: tuple[ReasonCode, ...] = ()


Mark = tuple[Scored, ViewRegion]
"""A view and one of its regions."""


def marks_of(scored: Sequence[Scored], mark_from: float) -> list[Mark]:
    """Every region from a raw score on, of every view, most suspicious first; the order of images changes nothing."""
    found = [(item, region) for item in scored for region in item.prediction.regions if region.score >= mark_from]
    return sorted(found, key=lambda mark: (-mark[1].score, mark[0].image.sop_instance_uid, mark[1].box))


def region_of(mark: Mark) -> Region:
    """The region in stored pixels."""
    item, region = mark
    kind = FINDING_TYPES[region.lesion_type] if region.lesion_type else None
    return Region(location_of(mark), item.slot.laterality, item.slot, region.score, None, kind)


def location_of(mark: Mark) -> ImageLocation:
    """Where a mark lies in the stored pixels, its frame counted from 1 as DICOM does."""
    item, region = mark
    frame = None if region.frame is None else region.frame + 1
    return ImageLocation(item.image.sop_instance_uid, *item.flip.to_stored(region.box), frame)


def breast_scores(
    exam: ExamPrediction, scored: Sequence[Scored], calibration: Calibration | None
) -> tuple[BreastScore, ...]:
    """Each breast that was seen, with its probability where a calibration holds."""
    result = []
    for side in Laterality:
        views = [item for item in scored if item.slot.laterality is side]
        breast = exam.breasts.get(side.value)
        if breast is None or not views:
            continue
        probability = calibration.probability(breast.malignancy) if calibration else None
        agreement = breast.agreement if len(views) > 1 else None
        found = BreastScore(side, breast.malignancy, probability, exam_density(views), agreement, breast.change)
        result.append(found)
    return tuple(result)


def exam_density(scored: Sequence[Scored]) -> BreastDensity | None:
    """The density category with the highest mean probability over the views; None when the model tells none."""
    if not scored or not all(item.prediction.densities for item in scored):
        return None
    totals = {category: sum(item.prediction.densities[category.value] for item in scored) for category in BreastDensity}
    return max(totals, key=lambda category: totals[category])

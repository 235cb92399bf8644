"""From per-view predictions to regions in stored pixels, breast scores and density: how views are fused, and no more.

Breast = mean of its views, exam = maximum of its breasts: the fusion stated in the model card.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.engines.protocol import ViewPrediction
from models.regions import Region as ViewRegion
from readers.ai.calibration import Calibration
from screening.domain.ai_read import BreastDensity, BreastScore, Region
from screening.domain.geometry import Flip
from screening.domain.opinion import FindingType, ImageLocation
from screening.domain.study import Image, Laterality, Slot

MARK_FROM = 0.25
"""Lowest raw score that is marked. Measured outside training, on 50 phantom exams without and 50 with a cancer: 0.5
marks per view without a cancer, and 86 % of the views of a cancer have it marked; from 0.10 on 4.6 marks, 100 %."""

FINDING_TYPES: Mapping[str, FindingType] = {
    "mass": FindingType.MASS,
    "calcification": FindingType.CALCIFICATION,
    "distortion": FindingType.ARCHITECTURAL_DISTORTION,
    "asymmetry": FindingType.ASYMMETRY,
}


@dataclass(frozen=True)
class Scored:
    """One view with its prediction; `flip` leads from the predicted picture to the stored pixels."""

    slot: Slot
    image: Image
    flip: Flip
    prediction: ViewPrediction


def regions_of(scored: Sequence[Scored]) -> tuple[Region, ...]:
    """Every region from `MARK_FROM` on, of every view, in stored pixels, most suspicious first."""
    marked = ((item, region) for item in scored for region in item.prediction.regions if region.score >= MARK_FROM)
    found = [_region(item, region) for item, region in marked]
    return tuple(sorted(found, key=lambda region: -region.raw_score))


def breast_scores(scored: Sequence[Scored], calibration: Calibration | None) -> tuple[BreastScore, ...]:
    """Mean of the views of each breast, with its probability where a calibration holds."""
    result = []
    for side in Laterality:
        views = [item for item in scored if item.slot.laterality is side]
        if not views:
            continue
        raw = sum(item.prediction.malignancy for item in views) / len(views)
        probability = calibration.probability(raw) if calibration else None
        result.append(BreastScore(side, raw, probability, exam_density(views)))
    return tuple(result)


def exam_density(scored: Sequence[Scored]) -> BreastDensity | None:
    """The density category with the highest mean probability over the views."""
    if not scored:
        return None
    totals = {category: sum(item.prediction.densities[category.value] for item in scored) for category in BreastDensity}
    return max(totals, key=lambda category: totals[category])


def _region(item: Scored, region: ViewRegion) -> Region:
    location = ImageLocation(item.image.sop_instance_uid, *item.flip.to_stored(region.box))
    kind = FINDING_TYPES[region.lesion_type]
    return Region(location, item.slot.laterality, item.slot, region.score, None, kind)

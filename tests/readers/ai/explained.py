"""An exam of phantom pictures with a read that says something of everything, for tests of explanations and sheets."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from models.phantom import MAX_VALUE, ExamSpec, LesionSpec, exam
from screening.domain.ai_read import AiRead, BreastScore, Region, RegionEvidence
from screening.domain.geometry import Flip
from screening.domain.opinion import FindingType, ImageLocation
from screening.domain.quality import QualityCode, QualityNote
from screening.domain.study import Laterality, Slot, Study
from screening.workflow.ports import PresentationImage
from tests.dicom_out.samples import OK_READ, uid_of
from tests.dicom_out.samples import STUDY as FULL_SIZE

ROWS, COLUMNS, PIXEL_MM = 640, 512, 0.3
STUDY = Study(
    FULL_SIZE.header,
    tuple(
        replace(i, rows=ROWS, columns=COLUMNS, row_spacing_mm=PIXEL_MM, column_spacing_mm=PIXEL_MM)
        for i in FULL_SIZE.images
    ),
)


@cache
def phantom() -> tuple[dict[Slot, PresentationImage], dict[Slot, tuple[float, float, float, float]]]:
    """Four pictures, chest wall left, and the truth box of the lesion in stored pixels where there is one."""
    lesion = LesionSpec("spiculated_mass", malignant=True, laterality="R", size_mm=16.0)
    made = exam(4, ExamSpec(lesions=(lesion,), density="b", rows=ROWS, cols=COLUMNS, pixel_mm=PIXEL_MM))
    pictures, boxes = {}, {}
    for view in made.views:
        slot = Slot(f"{view.laterality}{view.view}")
        flip = Flip(ROWS, COLUMNS, horizontal=slot.laterality is Laterality.RIGHT, vertical=False)
        stored = (view.pixels / MAX_VALUE).astype(np.float32)
        shown = np.ascontiguousarray(stored[:, ::-1] if flip.horizontal else stored)
        pictures[slot] = PresentationImage(shown, PIXEL_MM, PIXEL_MM, flip)
        if view.lesions:
            boxes[slot] = view.lesions[0].box
    return pictures, boxes


def _region(slot: Slot, box: tuple[float, float, float, float], score: float, kind: FindingType) -> Region:
    return Region(ImageLocation(uid_of(slot), *box), slot.laterality, slot, score, None, kind)


def full_read() -> AiRead:
    """A flagged read with marks in both right views and one in the left, evidence, change and quality notes."""
    _, boxes = phantom()
    regions = (
        _region(Slot.RMLO, boxes[Slot.RMLO], 0.91, FindingType.MASS),
        _region(Slot.RCC, boxes[Slot.RCC], 0.84, FindingType.MASS),
        _region(Slot.LMLO, (60.0, 300.0, 110.0, 350.0), 0.31, FindingType.CALCIFICATION),
    )
    evidence = (
        RegionEvidence(regions[0].location, 0.88, 0.93, 0.81, (Slot.RCC,), 0.42),
        RegionEvidence(regions[1].location, 0.8, 0.86, 0.74, (Slot.RMLO,), 0.38),
        RegionEvidence(regions[2].location, 0.34, 0.22, 0.3, (), -0.02),
    )
    breasts = (
        BreastScore(Laterality.RIGHT, 0.9, 0.061, OK_READ.density, 0.87, 1.9),
        BreastScore(Laterality.LEFT, 0.2, 0.004, OK_READ.density, 0.55, 0.1),
    )
    notes = (
        QualityNote(uid_of(Slot.LMLO), QualityCode.PECTORAL_SHORT, 41.0),
        QualityNote(uid_of(Slot.RCC), QualityCode.NIPPLE_NOT_IN_PROFILE, 7.5),
    )
    changes = {"regions": regions, "explanation": evidence, "breasts": breasts, "quality": notes}
    return replace(OK_READ, exam_score=10, raw_score=0.9, probability=0.061, prior_used=True, **changes)  # type: ignore[arg-type]

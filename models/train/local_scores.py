"""Scores held-back exams of a data set by the published files, through the front door, as a reader would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.evaluate import BreastCase, ExamCase, Finding, Mark, ViewCase
from models.train.local_images import exams_of, spots_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.datasets.frame import ImageRow
    from models.datasets.images import LoadedImage
    from models.labels import Laterality
    from models.predict import LoadedModel
    from models.predictions import ViewPrediction
    from models.train.local_images import Load, Slots


def scored(model: LoadedModel, rows: Iterable[ImageRow], load: Load) -> list[ExamCase]:
    """Return the exams of these rows as the model reads them; one exam's images are in memory at a time."""
    return [_exam_case(exam, views, model, load) for exam, views in exams_of(rows).items()]


def _exam_case(exam: str, views: Slots, model: LoadedModel, load: Load) -> ExamCase:
    """One exam with truth and answers side by side."""
    images = {slot: load(row) for slot, row in views.items()}
    answers = {slot: model.predict_view(image.pixels01, image.pixel_mm) for slot, image in images.items()}
    found = model.predict_exam(answers)  # type: ignore[arg-type]
    sick: set[Laterality | None] = {row.laterality for row in views.values() if row.cancer}
    return ExamCase(
        exam=exam,
        score=found.malignancy,
        malignant=bool(sick),
        breasts=tuple(BreastCase(side, b.malignancy, side in sick) for side, b in found.breasts.items()),
        views=tuple(_view_case(views[slot], images[slot], answers[slot]) for slot in views),
        strata={"machine": next(iter(views.values())).machine or "unknown"},
    )


def _view_case(row: ImageRow, image: LoadedImage, answer: ViewPrediction) -> ViewCase:
    densities = answer.densities
    boxes = [(b, s) for b, s in zip(image.boxes, spots_of(image, row), strict=True)]
    return ViewCase(
        laterality=row.laterality or "",
        view=row.view,
        score=answer.malignancy,
        malignant=bool(row.cancer),
        pixel_mm=image.pixel_mm,
        marks=tuple(Mark(r.box, r.score, r.lesion_type or "", r.frame) for r in answer.regions),
        findings=tuple(
            Finding((b.x0, b.y0, b.x1, b.y1), s.malignant, str(n), b.type or "", b.said, s.size_mm)
            for n, (b, s) in enumerate(boxes)
        ),
        density=row.density or "",
        density_guess=max(densities, key=lambda letter: densities[letter]),
        ood_score=answer.ood_score,
    )

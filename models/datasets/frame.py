"""One row per image, the same for every public data set: what training and evaluation read.

Nothing is lost in silence: an image that cannot be used stays in the frame with the reason, and a file that no table
names is listed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from models.labels import Density, Laterality, LesionType

Split = Literal["train", "validation", "test"]
STANDARD_VIEWS = ("CC", "MLO")


@dataclass(frozen=True, slots=True)
class Box:
    """One outlined finding in stored pixels of its image: x to the right, y down, x1 and y1 just outside.

    `type` is None where the set has a type of its own that is none of ours (its word is in `said`). `frame` is the
    0-based frame of a volume. `malignant` is None where the set does not tell it of the single finding.
    """

    x0: float
    y0: float
    x1: float
    y1: float
    type: LesionType | None = None
    frame: int | None = None
    malignant: bool | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One image. Identifiers are the data set's own pseudonyms.

    `cancer` is of this breast in this exam, None where the set does not tell it by pathology or follow-up; `birads` is
    the breast's assessment category 0..6, None if absent; `density` a..d; `age` in years. `split` is the set's own or
    comes from `split.assign`. `excluded` names the one reason why the image must not be used, None if it may.
    """

    exam_id: str
    patient_id: str
    laterality: Laterality | None
    view: str
    path: Path | None
    cancer: bool | None = None
    birads: int | None = None
    density: Density | None = None
    age: float | None = None
    machine: str = ""
    boxes: tuple[Box, ...] = ()
    split: Split | None = None
    excluded: str | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """A data set: `layout` its kind, `rows` in a stable order, `strays` image files that no table row names.

    `notes` count what was read with a loss that excludes no image, such as findings without an outline.
    """

    layout: str
    rows: tuple[ImageRow, ...]
    strays: tuple[Path, ...] = ()
    notes: tuple[tuple[str, int], ...] = ()

    @property
    def usable(self) -> tuple[ImageRow, ...]:
        """Return the rows that no reason excludes."""
        return tuple(row for row in self.rows if row.excluded is None)


def finished(row: ImageRow) -> ImageRow:
    """Return the row with the reason that excludes it, if its slot or its file alone does."""
    if row.excluded is not None:
        return row
    if row.laterality is None:
        return replace(row, excluded="laterality_unknown")
    if row.view not in STANDARD_VIEWS:
        return replace(row, excluded="view_not_standard" if row.view else "view_unknown")
    return replace(row, excluded="image_missing") if row.path is None else row


def without_duplicates(rows: tuple[ImageRow, ...]) -> tuple[ImageRow, ...]:
    """Return the rows with each image once: a repeated row is excluded, rows that contradict each other all are."""
    first: dict[Path, ImageRow] = {}
    against = {row.path for row in rows if row.path is not None and first.setdefault(row.path, row) != row}
    seen: set[Path] = set()
    result = []
    for row in rows:
        reason = None
        if row.path is not None:
            reason = "conflicting_rows" if row.path in against else "duplicate_row" if row.path in seen else None
            seen.add(row.path)
        result.append(replace(row, excluded=row.excluded or reason))
    return tuple(result)


def label_from_birads(frame: Frame, positive_from: int) -> Frame:
    """Return the frame with unknown `cancer` filled from the assessment; a stand-in for pathology, to be stated.

    From `positive_from` (4 or 5) on it is a cancer, 1 and 2 are none, 0 and what lies between stay unknown.
    """

    def filled(row: ImageRow) -> ImageRow:
        if row.cancer is not None or row.birads in (None, 0):
            return row
        return replace(row, cancer=_by_category(row.birads or 0, positive_from))

    return replace(frame, rows=tuple(filled(row) for row in frame.rows))


def _by_category(birads: int, positive_from: int) -> bool | None:
    if birads >= positive_from:
        return True
    return False if birads <= 2 else None


def summary(frame: Frame) -> dict[str, dict[str, int]]:
    """Return counts by table: totals, views, splits, excluded by reason (strays with them), notes."""
    usable = frame.usable
    exams = {row.exam_id for row in usable}
    cancers = {(row.exam_id, row.laterality) for row in usable if row.cancer}
    totals = {
        "patients": len({row.patient_id for row in usable}),
        "exams": len(exams),
        "images": len(usable),
        "exams with cancer": len({exam for exam, _ in cancers}),
        "breasts with cancer": len(cancers),
        "images with cancer": sum(bool(row.cancer) for row in usable),
        "images of unknown outcome": sum(row.cancer is None for row in usable),
        "outlined findings": sum(len(row.boxes) for row in usable),
        "rows excluded": len(frame.rows) - len(usable),
    }
    excluded = Counter(row.excluded for row in frame.rows if row.excluded)
    excluded["image_without_row"] = len(frame.strays)
    return {
        "total": totals,
        "view": _sorted(Counter(f"{row.laterality} {row.view}" for row in usable)),
        "split": _sorted(Counter(row.split or "none" for row in usable)),
        "excluded": _sorted(Counter({str(reason): count for reason, count in excluded.items() if count})),
        "note": dict(frame.notes),
    }


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))

"""A labelled frame of scored exams: what was scored, what was marked and what is true. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Finding:
    """A true finding in one view.

    `box` is (x0, y0, x1, y1) in the pixels of that view's marks; `frame` the 0-based slice through its centre, None in
    2D. `key` names the same finding in the other view. `lesion_type` is one of `models.labels.LESION_TYPES` or empty.
    """

    box: Box
    malignant: bool
    key: str = ""
    lesion_type: str = ""
    kind: str = ""
    size_mm: float | None = None
    frame: float | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark a model made: box in the view's pixels, raw score 0..1, 0-based frame or None."""

    box: Box
    score: float
    lesion_type: str = ""
    frame: int | None = None


@dataclass(frozen=True, slots=True)
class ViewCase:
    """One scored image or volume; `pixel_mm` and `slice_mm` turn pixels and frames into mm."""

    laterality: str
    view: str
    score: float
    malignant: bool
    pixel_mm: float
    marks: tuple[Mark, ...] = ()
    findings: tuple[Finding, ...] = ()
    slice_mm: float | None = None
    density: str = ""
    density_guess: str = ""
    ood_score: float | None = None


@dataclass(frozen=True, slots=True)
class BreastCase:
    """One scored breast."""

    laterality: str
    score: float
    malignant: bool


@dataclass(frozen=True, slots=True)
class ExamCase:
    """One scored exam. `strata` are what figures are broken down by, such as {"vendor": "style-c"}."""

    exam: str
    score: float
    malignant: bool
    breasts: tuple[BreastCase, ...]
    views: tuple[ViewCase, ...]
    strata: Mapping[str, str] = field(default_factory=dict)

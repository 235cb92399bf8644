"""What a model answers, for a view, a breast and an exam, and what it wants of a volume. No torch, no engine here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from models.labels import Density, Laterality, LesionType
    from models.preprocess import ViewTransform
    from models.regions import Region


def _no_embedding() -> NDArray[np.float32]:
    return np.zeros(0, np.float32)


def _no_descriptor() -> NDArray[np.float64]:
    return np.zeros(0, np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class ViewPrediction:
    """What a model says about one view. All scores are raw: 0..1, uncalibrated.

    `saliency` is float32 (h, w), 0..1, of a volume the largest over its slabs; `saliency_transform` maps the caller's
    pixels to its cells and back. `regions` are in the caller's pixels, strongest first. `lesion_types` and `densities`
    give a probability per label; densities sum to 1. `ood_score` above 1 means unlike anything in training: the caller
    must refuse. `notes` are the preprocessing's quality codes. `embedding` is float32 (E,), the exam network's input
    for this view (`architectures.exam_fusion`), empty where a model has no exam network. `descriptor` is float64 (F,),
    what `ood_score` was measured on, so that a unit can measure it against its own images; empty where there is none.
    """

    malignancy: float
    saliency: NDArray[np.float32]
    saliency_transform: ViewTransform
    lesion_types: Mapping[LesionType, float]
    densities: Mapping[Density, float]
    regions: tuple[Region, ...]
    ood_score: float
    breast_fraction: float
    notes: tuple[str, ...]
    embedding: NDArray[np.float32] = field(default_factory=_no_embedding)
    descriptor: NDArray[np.float64] = field(default_factory=_no_descriptor)


@dataclass(frozen=True, slots=True)
class BreastPrediction:
    """One breast from its views: `malignancy` raw 0..1.

    `agreement` 0..1 says how far CC and MLO tell the same: 1 less the difference of their scores, 0 with one view only.
    `change` is the breast's logit less that of the prior exam, None without a prior of this breast.
    """

    malignancy: float
    agreement: float
    change: float | None


@dataclass(frozen=True, slots=True)
class ExamPrediction:
    """The exam: `malignancy` raw 0..1, a prediction per breast that was seen, and whether a prior was used."""

    malignancy: float
    breasts: Mapping[Laterality, BreastPrediction]
    prior_used: bool


class FrameSource(Protocol):
    """The frames of one tomosynthesis view, decoded one at a time."""

    @property
    def count(self) -> int:
        """Number of frames, at least 1."""

    @property
    def pixel_mm(self) -> float:
        """Spacing in the plane of a frame."""

    @property
    def slice_mm(self) -> float:
        """Distance between neighbouring frames."""

    def frame(self, index: int) -> NDArray[np.float32]:
        """Return frame `index` (0-based): float32 (rows, cols) of presentation values 0..1, chest wall LEFT."""

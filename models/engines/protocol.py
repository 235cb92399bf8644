"""The contract between a prepared view and its prediction, the same for every engine. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from models.labels import Density, LesionType
    from models.preprocess import PreparedView, ViewTransform
    from models.regions import Region


@dataclass(frozen=True, slots=True, eq=False)
class ViewPrediction:
    """What a model says about one view. All scores are raw: 0..1, uncalibrated.

    `saliency` is float32 (h, w), 0..1; `saliency_transform` maps the caller's pixels to its cells and back. `regions`
    are in the caller's pixels, strongest first. `lesion_types` and `densities` give a probability per label; densities
    sum to 1. `ood_score` above 1 means unlike anything in training: the caller must refuse. `notes` are the
    preprocessing's quality codes.
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


class Engine(Protocol):
    """Runs one trained model; deterministic on one machine."""

    @property
    def name(self) -> str:
        """Engine, such as `torch`."""

    @property
    def precision(self) -> str:
        """Arithmetic, such as `f32`."""

    @property
    def runtime(self) -> str:
        """Library and version, recorded with every score."""

    def predict(self, prepared: PreparedView) -> ViewPrediction:
        """Return the prediction for one prepared view."""

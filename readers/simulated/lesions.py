"""Synthetic lesions with plausible BI-RADS descriptors: what a simulated reader describes; no image, no decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from screening.domain.opinion import (
    CalcificationDistribution,
    CalcificationMorphology,
    Depth,
    Finding,
    FindingType,
    ImageLocation,
    Margin,
    MassDensity,
    Quadrant,
    Shape,
)
from screening.domain.study import Laterality

T = TypeVar("T")

_QUADRANT_SHARES = (0.50, 0.15, 0.12, 0.08, 0.15)
_QUADRANTS = (
    Quadrant.UPPER_OUTER,
    Quadrant.UPPER_INNER,
    Quadrant.LOWER_OUTER,
    Quadrant.LOWER_INNER,
    Quadrant.SUBAREOLAR,
)
_HOURS_RIGHT = {
    Quadrant.UPPER_OUTER: (10, 11),
    Quadrant.UPPER_INNER: (1, 2),
    Quadrant.LOWER_OUTER: (7, 8),
    Quadrant.LOWER_INNER: (4, 5),
}
_SOFT_TISSUE = (FindingType.MASS, FindingType.ARCHITECTURAL_DISTORTION, FindingType.FOCAL_ASYMMETRY)


@dataclass(frozen=True)
class Lesion:
    """One lesion as it looks: kind, where, how large (millimetres), with the descriptors a reader would give it.

    `locations` are boxes in stored pixel coordinates when the round has images, otherwise empty.
    """

    type: FindingType
    laterality: Laterality
    size_mm: float
    quadrant: Quadrant
    clock: int | None
    depth: Depth
    shape: Shape | None = None
    margin: Margin | None = None
    density: MassDensity | None = None
    morphology: CalcificationMorphology | None = None
    distribution: CalcificationDistribution | None = None
    locations: tuple[ImageLocation, ...] = ()

    def finding(self) -> Finding:
        """The finding a reader records for this lesion."""
        return Finding(
            type=self.type,
            laterality=self.laterality,
            size_mm=self.size_mm,
            clock=self.clock,
            quadrant=self.quadrant,
            depth=self.depth,
            shape=self.shape,
            margin=self.margin,
            density=self.density,
            morphology=self.morphology,
            distribution=self.distribution,
            locations=self.locations,
        )


def pick(rng: np.random.Generator, options: Sequence[T]) -> T:
    """One option, each as likely."""
    return options[int(rng.random() * len(options))]


def invasive_lesion(rng: np.random.Generator) -> Lesion:
    """An invasive cancer: mostly a mass; size log-normal around 14 mm, so that about half are below 15 mm.

    The EU guidelines ask for half of the invasive cancers below 15 mm (reference/reading-and-kpis 4.2).
    """
    kind = _SOFT_TISSUE[int(np.searchsorted((0.75, 0.90), rng.random()))]
    margin = pick(rng, (Margin.SPICULATED, Margin.SPICULATED, Margin.INDISTINCT, Margin.MICROLOBULATED))
    return _soft_tissue(rng, kind, _size(rng, 14.0, 0.45), Shape.IRREGULAR, margin)


def dcis_lesion(rng: np.random.Generator) -> Lesion:
    """Ductal carcinoma in situ: suspicious calcifications."""
    morphology = pick(rng, (CalcificationMorphology.FINE_PLEOMORPHIC, CalcificationMorphology.FINE_LINEAR_BRANCHING))
    spread = pick(rng, (CalcificationDistribution.GROUPED, CalcificationDistribution.SEGMENTAL))
    return _calcifications(rng, _size(rng, 16.0, 0.5), morphology, spread)


def benign_lesion(rng: np.random.Generator) -> Lesion:
    """A benign look-alike: a circumscribed or obscured mass, an asymmetry, or indeterminate calcifications."""
    if rng.random() < 0.35:
        morphology = pick(rng, (CalcificationMorphology.AMORPHOUS, CalcificationMorphology.COARSE_HETEROGENEOUS))
        return _calcifications(rng, _size(rng, 9.0, 0.5), morphology, CalcificationDistribution.GROUPED)
    kind = pick(rng, (FindingType.MASS, FindingType.MASS, FindingType.FOCAL_ASYMMETRY))
    margin = pick(rng, (Margin.CIRCUMSCRIBED, Margin.OBSCURED))
    return _soft_tissue(rng, kind, _size(rng, 10.0, 0.5), pick(rng, (Shape.OVAL, Shape.ROUND)), margin)


def _size(rng: np.random.Generator, median_mm: float, spread: float) -> float:
    return round(float(np.clip(median_mm * np.exp(spread * rng.standard_normal()), 3.0, 90.0)), 1)


def _place(rng: np.random.Generator) -> tuple[Laterality, Quadrant, int | None, Depth]:
    side = Laterality.RIGHT if rng.random() < 0.5 else Laterality.LEFT
    quadrant = _QUADRANTS[int(np.searchsorted(np.cumsum(_QUADRANT_SHARES)[:-1], rng.random()))]
    clock = pick(rng, _HOURS_RIGHT[quadrant]) if quadrant in _HOURS_RIGHT else None
    if clock is not None and side is Laterality.LEFT:
        clock = 12 - clock
    return side, quadrant, clock, pick(rng, tuple(Depth))


def _soft_tissue(rng: np.random.Generator, kind: FindingType, size_mm: float, shape: Shape, margin: Margin) -> Lesion:
    side, quadrant, clock, depth = _place(rng)
    if kind is not FindingType.MASS:
        return Lesion(kind, side, size_mm, quadrant, clock, depth)
    density = pick(rng, (MassDensity.HIGH, MassDensity.EQUAL))
    return Lesion(kind, side, size_mm, quadrant, clock, depth, shape=shape, margin=margin, density=density)


def _calcifications(
    rng: np.random.Generator,
    size_mm: float,
    morphology: CalcificationMorphology,
    distribution: CalcificationDistribution,
) -> Lesion:
    side, quadrant, clock, depth = _place(rng)
    kind = FindingType.CALCIFICATION
    return Lesion(kind, side, size_mm, quadrant, clock, depth, morphology=morphology, distribution=distribution)

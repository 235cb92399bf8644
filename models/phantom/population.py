"""Draws what a screened woman may bring: benign findings that imitate cancer, and cancers of every conspicuity.

Enriched or programme-like is a matter of `malignant_share`; hard negatives are always there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.phantom.spec import LATERALITIES, VIEWS, ExamSpec, LesionKind, LesionSpec
from models.phantom.streams import stream
from models.phantom.vendors import TRAINING_STYLES

if TYPE_CHECKING:
    import numpy as np

    from models.phantom.spec import Laterality

MALIGNANT_SHARES: dict[LesionKind, float] = {
    "spiculated_mass": 0.38,
    "calcifications": 0.27,
    "circumscribed_mass": 0.08,
    "distortion": 0.12,
    "asymmetry": 0.15,
}
BENIGN_RATES: dict[LesionKind, float] = {
    "circumscribed_mass": 0.13,
    "calcifications": 0.12,
    "asymmetry": 0.09,
    "spiculated_mass": 0.015,
    "distortion": 0.015,
}
"""Chance that a breast carries a benign finding of the kind that a reader might dwell on."""


def screening_spec(seed: int, malignant_share: float = 0.008, vendor: str | None = None) -> ExamSpec:
    """Return the request for the exam of the woman of this seed: her findings, and a vendor style when none is given.

    `malignant_share` is the chance that one of her breasts holds a cancer (0.008 is programme-like).
    """
    rng = stream(seed, "population")
    style = TRAINING_STYLES[int(rng.integers(len(TRAINING_STYLES)))]
    lesions = [lesion for side in LATERALITIES for lesion in _benign(rng, side)]
    if rng.random() < malignant_share:
        lesions.append(_malignant(rng))
    return ExamSpec(lesions=tuple(lesions), vendor=vendor or style)


def _benign(rng: np.random.Generator, laterality: Laterality) -> list[LesionSpec]:
    """Benign findings of one breast; an asymmetry is mostly overlap and then shows in one view only."""
    found = []
    for kind, rate in BENIGN_RATES.items():
        present, one_view, which = rng.random() < rate, rng.random() < 0.7, int(rng.integers(2))
        if present:
            only = VIEWS[which] if kind == "asymmetry" and one_view else None
            found.append(LesionSpec(kind, malignant=False, laterality=laterality, only_view=only))
    return found


def _malignant(rng: np.random.Generator) -> LesionSpec:
    """One cancer, its kind by the shares above, in either breast."""
    kinds = list(MALIGNANT_SHARES)
    kind = kinds[int(rng.choice(len(kinds), p=list(MALIGNANT_SHARES.values())))]
    return LesionSpec(kind, malignant=True, laterality=LATERALITIES[int(rng.integers(2))])

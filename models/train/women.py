"""Which women training sees: what is asked of the phantom, decided by a woman's seed and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from models import phantom

if TYPE_CHECKING:
    from models.phantom import ExamSpec, LesionSpec
    from models.phantom.spec import Laterality

_SMALL_SHARE = 0.3
"""Share of a rich breast's cancers that are made fainter than the kind's ordinary contrast."""


def style_of(seed: int) -> str:
    """Return the training style of a woman; both styles are equally frequent."""
    return phantom.TRAINING_STYLES[(seed // 2) % len(phantom.TRAINING_STYLES)]


def side_of(seed: int) -> Laterality:
    """Return the breast that stands for a woman where one is enough."""
    return phantom.LATERALITIES[seed % 2]


def rich_spec(seed: int) -> tuple[ExamSpec, Laterality]:
    """Return a breast with one or two cancers and one or two benign findings, all kinds equally frequent.

    A detector of lesions learns more from one such image than from five of a screened woman; how often each occurs is
    taught afterwards, by screening women.
    """
    rng = np.random.Generator(np.random.PCG64([seed, 1]))
    side = side_of(seed)
    lesions = [_lesion(rng, side, malignant=True) for _ in range(1 + int(rng.random() < 0.6))]
    lesions += [_lesion(rng, side, malignant=False) for _ in range(1 + int(rng.random() < 0.5))]
    return phantom.ExamSpec(lesions=tuple(lesions), vendor=style_of(seed)), side


def screening_spec(seed: int, malignant_share: float) -> tuple[ExamSpec, Laterality]:
    """Return a breast of a screened woman: the one with her cancer where she has one."""
    spec = phantom.screening_spec(seed, malignant_share, style_of(seed))
    sick = next((lesion.laterality for lesion in spec.lesions if lesion.malignant), None)
    return spec, sick or side_of(seed)


def with_prior(seed: int, spec: ExamSpec) -> ExamSpec | None:
    """Return the request for the woman's prior exam two years before; half of the women have one."""
    return replace(spec, prior_years=2.0) if (seed // 4) % 2 else None


def _lesion(rng: np.random.Generator, side: Laterality, *, malignant: bool) -> LesionSpec:
    kind = phantom.LESION_KINDS[int(rng.integers(len(phantom.LESION_KINDS)))]
    faint = float(np.exp(rng.normal(-0.35, 0.2))) if rng.random() < _SMALL_SHARE else None
    return phantom.LesionSpec(kind, malignant=malignant, laterality=side, conspicuity=faint)

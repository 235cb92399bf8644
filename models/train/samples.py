"""Makes training planes of 2D views, woman by woman; the unit that `store` caches."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Literal

import numpy as np

from models import phantom
from models.train.planes import Planes, joined, presentation, view_planes
from models.train.women import rich_spec, screening_spec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.phantom import Scene, VendorStyle
    from models.phantom.spec import ExamSpec, Laterality

Draw = Literal["rich", "screening"]

__all__ = ["Draw", "breast_of", "from_columns", "plane_columns", "presentation", "style_for", "training_breast"]


def plane_columns(women: range, draw: Draw, malignant_share: float) -> dict[str, NDArray[np.generic]]:
    """Return the columns of the planes of these women, both views of one breast of each."""
    return as_columns(joined([training_breast(seed, draw, malignant_share) for seed in women]))


def training_breast(seed: int, draw: Draw, malignant_share: float) -> Planes:
    """Return the CC and MLO planes of one breast of a woman, taken by a device set in its own way."""
    breast, style = breast_of(seed, draw, malignant_share)
    return joined([view_planes(phantom.mammogram(scene, style), seed) for scene in scenes(breast)])


def breast_of(seed: int, draw: Draw, malignant_share: float) -> tuple[phantom.Breast, VendorStyle]:
    """Return the woman's breast, not rendered yet, and the device it stands before."""
    spec, side = drawn(seed, draw, malignant_share)
    return phantom.Breast(seed, spec, side), style_for(seed, spec)


def drawn(seed: int, draw: Draw, malignant_share: float) -> tuple[ExamSpec, Laterality]:
    """Return what is asked of the phantom for a woman."""
    return rich_spec(seed) if draw == "rich" else screening_spec(seed, malignant_share)


def style_for(seed: int, spec: ExamSpec) -> VendorStyle:
    """Return the processing of a training image: its vendor's style, varied as units in the field vary."""
    rng = np.random.Generator(np.random.PCG64([seed, 2]))
    return phantom.STYLES[spec.vendor].varied(rng)


def scenes(breast: phantom.Breast) -> list[Scene]:
    """Return the breast compressed for its two views."""
    return [breast.scene(view) for view in phantom.VIEWS]


def as_columns(planes: Planes) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of planes by name."""
    return {f.name: getattr(planes, f.name) for f in fields(Planes)}


def from_columns(chunks: Sequence[dict[str, NDArray[np.generic]]]) -> Planes:
    """Return the planes of chunks that `as_columns` made."""
    names = [f.name for f in fields(Planes)]
    return joined([Planes(*(chunk[name] for name in names)) for chunk in chunks])  # type: ignore[arg-type]

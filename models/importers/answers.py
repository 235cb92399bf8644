"""What each kind's raw outputs mean: one score, one map, regions, features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.architectures.gmic import CROP_PX, MALIGNANT
from models.regions import Region

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from numpy.typing import NDArray

    from models.architectures.gmic import GmicOutput
    from models.architectures.mirai_encoder import EncoderLogits
    from models.architectures.timm_classifier import ClassifierLogits
    from models.preprocess import ViewTransform


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """One view's answer: `score` 0..1 or None without a head, `saliency` float32 (h, w) 0..1.

    `regions` float32 (K, 7): x0, y0, x1, y1 in input pixels, the saliency's peak there, the crop's own score, its share
    of attention. `features` float32 (F,).
    """

    score: float | None
    saliency: NDArray[np.float32]
    regions: NDArray[np.float32]
    features: NDArray[np.float32]


def gmic(output: GmicOutput) -> Answer:
    """The fused probability, the malignant saliency map, and the crops that were read as regions."""
    saliency = _array(output.saliency[0, MALIGNANT])
    crops = zip(output.corners[0].tolist(), output.crops[0].tolist(), output.attention[0].tolist(), strict=True)
    rows = [
        (col, row, col + CROP_PX, row + CROP_PX, *_peak(saliency, row, col), said[MALIGNANT], share)
        for (row, col), said, share in crops
    ]
    return Answer(float(output.fused[0, MALIGNANT]), saliency, np.array(rows, np.float32), _array(output.features[0]))


def classifier(output: ClassifierLogits) -> Answer:
    """The probability and the activation as a map; never regions: it was not trained to place findings."""
    return Answer(
        float(output.malignancy[0].sigmoid()),
        _array(output.activation[0].sigmoid()),
        _none(),
        _array(output.features[0]),
    )


def mirai(output: EncoderLogits) -> Answer:
    """The risk of a cancer within the first year, where there is a head; no map (one empty cell), no regions."""
    score = None if output.risk is None else float(output.risk[0, 0].sigmoid())
    return Answer(score, np.zeros((1, 1), np.float32), _none(), _array(output.features[0]))


def region_of(row: NDArray[np.float32], transform: ViewTransform, shape: tuple[int, int]) -> Region | None:
    """Return a row of `Answer.regions` as a region in the caller's pixels, or None when all of it is padding.

    The score is what the crop alone says: how strong the place is in itself, whatever else the image shows.
    """
    x0, y0, x1, y1 = transform.box_to_source((float(row[0]), float(row[1]), float(row[2]), float(row[3])))
    box = max(0.0, x0), max(0.0, y0), min(float(shape[1]), x1), min(float(shape[0]), y1)
    if box[0] >= box[2] or box[1] >= box[3]:
        return None
    peak, local, share = (float(value) for value in row[4:7])
    untyped = None  # GMIC does not tell a mass from calcifications
    return Region(box, local, untyped, None, peak, local, share)


def _peak(saliency: NDArray[np.float32], row: int, col: int) -> tuple[float]:
    """The largest saliency under a crop; cells are 64 input pixels at the published size."""
    step = CROP_PX // 4
    window = saliency[row // step : (row + CROP_PX) // step, col // step : (col + CROP_PX) // step]
    return (float(window.max()) if window.size else 0.0,)


def _array(tensor: torch.Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(tensor.float().cpu().numpy())


def _none() -> NDArray[np.float32]:
    return np.zeros((0, 7), np.float32)


ANSWERS: dict[str, Callable[..., Answer]] = {"gmic": gmic, "timm": classifier, "mirai": mirai}
"""By kind of importer."""

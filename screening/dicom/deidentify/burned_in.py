"""Writing in the air beside a breast: found by brightness and size, and blackened with all the air around it.

It tells writing from air, not one writing from another: a lead marker counts as a name does. It cannot see text that
lies over the breast, is as dark as the air, or touches the breast's outline. Nothing here reads letters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from screening.dicom.content import BLOCKS, MIN_EDGE_CONTACT, air_level, block_means, largest_region

Mask = NDArray[np.bool_]
Pixels = NDArray[np.float32]

_BRIGHT: Final = 0.12
"""How far above the air, as a share of the range from air to the brightest tissue, a sign stands out."""

_LEAST_SIDE: Final = 0.002
_MOST_SIDE: Final = 0.25
"""Sides of a sign or line of signs, as a share of the image's longer side: 0.6 mm to 7 cm on a 30 cm detector."""

_LEAST_PIXELS: Final = 4
_MARGIN_BLOCKS: Final = 2
"""Blocks, of about 3 mm, around the breast that are never blackened, so that no skin is lost."""

_MIN_AIR: Final = 0.02
_MIN_BREAST: Final = 0.02


@dataclass(frozen=True)
class Air:
    """What lies beside the breast: the pixels that blackening takes, and how many signs there are."""

    mask: Mask
    signs: int


def look(image: Pixels, air_is_smooth: bool = False) -> Air | None:
    """Find the air and the signs in it, shape (rows, columns), air dark; None when breast and air cannot be told.

    With `air_is_smooth` the air is the more even of the dark and the bright part, whichever it is: unprocessed images
    are exposure, in which air is bright.
    """
    picture = image if not air_is_smooth or _dark_is_smooth(image) else -image
    coarse = block_means(picture)
    breast = largest_region(coarse > air_level(coarse))
    if not (_MIN_BREAST <= float(breast.mean()) <= 1 - _MIN_AIR) or _chest_wall(breast) < MIN_EDGE_CONTACT:
        return None
    near = _enlarged(ndimage.binary_dilation(breast), picture.shape)
    signs, boxes = _signs(picture, near, coarse[breast])
    far = ~_enlarged(ndimage.binary_dilation(breast, iterations=_MARGIN_BLOCKS), picture.shape)
    return Air(far | boxes, signs)


def blackened(stored: NDArray[np.generic], air: Mask) -> NDArray[np.generic]:
    """A copy with one value all over the air: the middle one of what is there, so that no letter stays."""
    if not air.any():
        return stored
    values = stored[air]
    masked = stored.copy()
    masked[air] = np.partition(values, values.size // 2)[values.size // 2]
    return masked


def _chest_wall(breast: Mask) -> float:
    """Share of the left or right edge, whichever is more, that the breast reaches; what reaches neither is none."""
    return max(float(breast[:, :2].any(axis=1).mean()), float(breast[:, -2:].any(axis=1).mean()))


def _signs(picture: Pixels, near: Mask, breast_values: Pixels) -> tuple[int, Mask]:
    """Number of signs, and their boxes as a mask."""
    air_values = picture[~near]
    boxes = np.zeros(picture.shape, bool)
    if not air_values.size:
        return 0, boxes
    level = float(np.median(air_values))
    top = float(np.percentile(breast_values, 95))
    noise = float(np.percentile(np.abs(air_values - level), 90))
    bright = picture > level + max(_BRIGHT * (top - level), 4 * noise)
    labels, _count = ndimage.label(bright, structure=np.ones((3, 3)))
    signs = 0
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        if _is_sign(labels[box] == number, near[box], max(picture.shape)):
            boxes[box] = True
            signs += 1
    return signs, boxes


def _is_sign(part: Mask, near: Mask, side: int) -> bool:
    """Whether a bright part is as large as a sign and lies beside the breast; edges of the field run right through."""
    longest = max(part.shape)
    if longest < max(_LEAST_SIDE * side, 2) or longest > _MOST_SIDE * side or int(part.sum()) < _LEAST_PIXELS:
        return False
    return float(near[part].mean()) < 0.5


def _dark_is_smooth(image: Pixels) -> bool:
    """Whether the darker part of the image is more even than the brighter one, at the scale of blocks."""
    coarse = block_means(image)
    middle = (float(coarse.min()) + float(coarse.max())) / 2
    dark, bright = coarse[coarse <= middle], coarse[coarse > middle]
    return bool(_spread(dark) <= _spread(bright))


def _spread(values: Pixels) -> float:
    low, high = np.percentile(values, [10, 90]) if values.size else (0.0, 0.0)
    return float(high - low)


def _enlarged(coarse: Mask, shape: tuple[int, ...]) -> Mask:
    """A mask of blocks as one of pixels; what is left over at the lower and right edge goes with its neighbour."""
    block = max(1, min(shape) // BLOCKS)
    rows = np.minimum(np.arange(shape[0]) // block, coarse.shape[0] - 1)
    columns = np.minimum(np.arange(shape[1]) // block, coarse.shape[1] - 1)
    found: Mask = coarse[np.ix_(rows, columns)]
    return found

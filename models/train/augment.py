"""Makes each look at an image a little different, so that an unseen vendor's processing is met well.

Everything is done on whole batches of normalised images; air stays at the lower clip.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from models.preprocess import SETTINGS

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Jitter:
    """How far an image may be changed; sizes are in pixels of the image at hand.

    `gain`, `shift`, `bend` are the tone curve's; `detail` the strength by which structure finer than `fine_px` is
    weakened or enhanced; `level` the share of structure coarser than `coarse_px` that is removed or added; `noise` the
    largest deviation of added grain.
    """

    gain: float = 0.22
    shift: float = 0.15
    bend: float = 0.06
    detail: float = 0.7
    level: float = 0.35
    noise: float = 0.12
    fine_px: int = 5
    coarse_px: int = 40


GLOBAL = Jitter()
LOCAL = Jitter(noise=0.25, fine_px=9, coarse_px=96)


def jittered(images: Tensor, rng: np.random.Generator, jitter: Jitter) -> Tensor:
    """Return float32 (B, C, H, W) with tone, sharpness, equalisation and noise changed per image."""
    air = images <= SETTINGS.clip_low + 0.02
    count = images.shape[0]
    detail = _draw(rng, count, -jitter.detail, jitter.detail)
    level = _draw(rng, count, -jitter.level, jitter.level)
    changed = images + detail * (images - _smooth(images, jitter.fine_px)) - level * _coarse(images, jitter.coarse_px)
    gain, bend = _draw(rng, count, 1 - jitter.gain, 1 + jitter.gain), _draw(rng, count, -jitter.bend, jitter.bend)
    changed = changed * gain + bend * changed**2 + _draw(rng, count, -jitter.shift, jitter.shift)
    grain = torch.from_numpy(rng.standard_normal(images.shape[2:], dtype="float32"))
    changed = changed + grain * _draw(rng, count, 0.0, jitter.noise)
    return changed.clamp_(SETTINGS.clip_low, SETTINGS.clip_high).masked_fill_(air, SETTINGS.clip_low)


def flipped(rng: np.random.Generator, *maps: Tensor, sideways: bool) -> tuple[Tensor, ...]:
    """Mirror maps (..., H, W) together, top to bottom and, where allowed, left to right."""
    axes = [axis for axis, allowed in ((-2, True), (-1, sideways)) if allowed and rng.random() < 0.5]
    return tuple(m.flip(axes) if axes else m for m in maps)


def _draw(rng: np.random.Generator, count: int, low: float, high: float) -> Tensor:
    """One number per image, shaped to multiply a batch."""
    return torch.from_numpy(rng.uniform(low, high, count).astype("float32")).view(count, 1, 1, 1)


def _smooth(images: Tensor, size: int) -> Tensor:
    """Mean over size x size pixels."""
    return functional.avg_pool2d(images, size, 1, size // 2, count_include_pad=False)


def _coarse(images: Tensor, size: int) -> Tensor:
    """Structure coarser than `size` pixels."""
    small = functional.avg_pool2d(images, size, size, ceil_mode=True, count_include_pad=False)
    return functional.interpolate(small, images.shape[2:], mode="bilinear", align_corners=False)

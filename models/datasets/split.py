"""Divides a data set by woman: no woman is on two sides, and the same seed always gives the same sides."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from models.errors import InputInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.datasets.frame import Frame, ImageRow, Split

SHARES: dict[Split, float] = {"train": 0.7, "validation": 0.15, "test": 0.15}


def assign(frame: Frame, seed: int, shares: Mapping[Split, float] = SHARES) -> Frame:
    """Return the frame with a split for every row.

    A set without splits is divided by `shares`, women with a cancer and without one each in that proportion. A set with
    its own splits keeps them; only where it has no validation part, a share of its training women becomes one. The
    outcome depends on seed and pseudonyms alone, not on the order of rows. Raises InputInvalid for shares that do not
    sum to 1, or a set in which a woman is on two sides.
    """
    if abs(sum(shares.values()) - 1.0) > 1e-9 or min(shares.values()) < 0.0:
        raise InputInvalid("shares of a split are not negative and sum to 1")
    own = _own(frame)
    wanted = dict(shares) if not own else _within_training(own, shares)
    if not wanted:
        return frame
    movable = {row.patient_id for row in frame.rows if own.get(row.patient_id, "train") == "train"}
    placed = _placed(frame, movable, seed, wanted)
    rows = (replace(row, split=placed.get(row.patient_id, row.split)) for row in frame.rows)
    return replace(frame, rows=tuple(rows))


def _own(frame: Frame) -> dict[str, Split]:
    """The set's own side of each woman."""
    own: dict[str, Split] = {}
    for row in frame.rows:
        if row.split is not None and own.setdefault(row.patient_id, row.split) != row.split:
            raise InputInvalid(f"the {frame.layout} tables put one woman on two sides of the split")
    return own


def _within_training(own: Mapping[str, Split], shares: Mapping[Split, float]) -> dict[Split, float]:
    """How the set's training women divide: not at all when it has a validation part."""
    if "validation" in own.values():
        return {}
    share = shares.get("validation", 0.0) / max(shares.get("validation", 0.0) + shares.get("train", 0.0), 1e-9)
    return {"train": 1.0 - share, "validation": share}


def _placed(frame: Frame, women: set[str], seed: int, shares: Mapping[Split, float]) -> dict[str, Split]:
    """Each woman's side: women of a stratum in an order only the seed decides, cut by the shares."""
    ill = {row.patient_id for row in frame.rows if row.cancer}
    placed: dict[str, Split] = {}
    for stratum in (women & ill, women - ill):
        order = sorted(stratum, key=lambda woman: hashlib.sha256(f"{seed}:{woman}".encode()).digest())
        start = 0.0
        for side, share in shares.items():
            end = start + share * len(order)
            placed |= dict.fromkeys(order[round(start) : round(end)], side)
            start = end
    return placed


def of(frame: Frame, side: Split) -> tuple[ImageRow, ...]:
    """Return the usable rows of one side."""
    return tuple(row for row in frame.usable if row.split == side)

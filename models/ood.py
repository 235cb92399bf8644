"""How unlike the training images a view is, so that a reader can refuse it instead of guessing.

A view is described by the network's pooled features and a few statistics of the prepared input; the distance is
Mahalanobis from the training views, divided by a limit set on held-out phantom views: above 1 is outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.preprocess import PreparedView

NO_BREAST = 1e6
"""The score of an input without a breast: no distance can be measured, and none may pass."""
_STATISTICS = 7
_SHRINK = 0.05
_LEAST_LIMIT = 1e-6
"""Limit where held-out images are all alike the mean: whatever differs is then outside."""


@dataclass(frozen=True, slots=True, eq=False)
class OodReference:
    """Training statistics: `mean` float64 (F,), `precision` float64 (F, F), `limit` the distance that scores 1."""

    mean: NDArray[np.float64]
    precision: NDArray[np.float64]
    limit: float

    def score(self, descriptor: NDArray[np.float64]) -> float:
        """Return distance / limit of one descriptor; > 1 is outside the training distribution."""
        offset = descriptor - self.mean
        return float(np.sqrt(max(0.0, float(offset @ self.precision @ offset))) / self.limit)


def describe(prepared: PreparedView, features: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the descriptor of a view: `features` float32 (F,) of the network, then the input's statistics."""
    return np.concatenate([features.astype(np.float64), _statistics(prepared)])


def fit(training: NDArray[np.float64], held_out: NDArray[np.float64], margin: float = 1.25) -> OodReference:
    """Return the reference of training descriptors (N, F); the limit is `margin` x the 99 % quantile of held-out ones.

    The covariance is shrunk towards its diagonal, because N is not always large against F.
    """
    mean = training.mean(0)
    covariance = np.cov(training, rowvar=False)
    diagonal = np.diag(np.diag(covariance) + 1e-8)
    precision = np.asarray(np.linalg.inv((1 - _SHRINK) * covariance + _SHRINK * diagonal), np.float64)
    offset = held_out - mean
    distance = np.sqrt(np.einsum("nf,fg,ng->n", offset, precision, offset))
    return OodReference(mean, precision, max(margin * float(np.quantile(distance, 0.99)), _LEAST_LIMIT))


def _statistics(prepared: PreparedView) -> NDArray[np.float64]:
    """Shape of the grey-value distribution and strength of fine and coarse structure inside the breast."""
    array, breast = prepared.array[0], prepared.breast
    inside = array[breast]
    if inside.size < 64:
        return np.zeros(_STATISTICS)
    spread = (inside.astype(np.float64) - inside.mean()) / max(float(inside.std()), 1e-3)
    step_x = np.diff(array, axis=1)[breast[:, 1:] & breast[:, :-1]]
    step_far = (array[:, 8:] - array[:, :-8])[breast[:, 8:] & breast[:, :-8]]
    fine, coarse = float(np.abs(step_x).mean()), float(np.abs(step_far).mean())
    return np.array(
        [
            float((spread**3).mean()),
            np.log(max(float((spread**4).mean()), 0.1)),
            np.log(fine + 1e-4),
            np.log(coarse + 1e-4),
            float(breast.mean()),
            float(breast[:, : breast.shape[1] // 8].mean()),
            float(breast[:, 1:].sum() / max(1, breast.any(1).sum()) / breast.shape[1]),
        ]
    )

"""A local out-of-distribution reference: what the images of one stratum look like to one model.

A model ships with the distance that its own training images set. Where that calls every image of a unit unlike, the
unit's own images may set it instead: mean, precision and limit of their descriptors, kept beside the calibration in a
`.npz` file that the calibration names by SHA-256. Few images give a wide, round reference: the covariance is shrunk
towards its diagonal, and every limit comes from exams that were left out while it was measured.
"""

from __future__ import annotations

import hashlib
import io
import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.ood import OodReference
from screening.domain.errors import CalibrationInvalid

LEAST_EXAMS = 20
"""Fewer exams set a limit so wide that it keeps nothing out: three real ones let pictures of noise pass."""
MARGIN = 1.25
_FLOOR = 0.05


@dataclass(frozen=True)
class LocalReference:
    """Distance from local views; `sha256` is of the file it is kept in, `exams` and `views` say how many made it."""

    sha256: str
    exams: int
    views: int
    reference: OodReference = field(repr=False, compare=False)

    def score(self, descriptor: NDArray[np.float64]) -> float:
        """Distance / limit of a view's descriptor float64 (F,); above 1 is outside, and so is one of another length."""
        if descriptor.shape != self.reference.mean.shape or not np.isfinite(descriptor).all():
            return math.inf
        return self.reference.score(descriptor)


def fit(exams: Sequence[NDArray[np.float64]], margin: float = MARGIN) -> LocalReference:
    """The reference of these exams, each float64 (views, F).

    The limit is `margin` x the 99 % quantile of the distances of views whose exam was left out of the fit. Raises
    ValueError with fewer than LEAST_EXAMS exams.
    """
    left_out = left_out_distances(exams)
    mean, precision = _shape(np.concatenate(exams))
    reference = OodReference(mean, precision, margin * float(np.quantile(left_out, 0.99)))
    content = to_bytes(reference)
    views = sum(len(views) for views in exams)
    return LocalReference(hashlib.sha256(content).hexdigest(), len(exams), views, reference)


def left_out_distances(exams: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Distance of every view from the other exams, float64 (views of all exams,). Raises ValueError with too few."""
    if len(exams) < LEAST_EXAMS:
        raise ValueError(f"a local reference needs {LEAST_EXAMS} exams")
    found = []
    for number, views in enumerate(exams):
        others = [other for index, other in enumerate(exams) if index != number]
        reference = OodReference(*_shape(np.concatenate(others)), 1.0)
        found += [reference.score(view) for view in views]
    return np.array(found)


def to_bytes(reference: OodReference) -> bytes:
    """The reference as the bytes of a `.npz` file; the same numbers give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("limit", "mean", "precision"):
            part = io.BytesIO()
            np.lib.format.write_array(part, np.asarray(getattr(reference, name), np.float64), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), part.getvalue())
    return buffer.getvalue()


def read(path: Path, sha256: str, exams: int, views: int) -> LocalReference:
    """Read a reference. Raises CalibrationInvalid when it is absent, of other bytes than stated, or no reference."""
    try:
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise CalibrationInvalid(f"{path.name} is not the file that its calibration names")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            reference = OodReference(arrays["mean"], arrays["precision"], float(arrays["limit"]))
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise CalibrationInvalid(f"{path.name} is no out-of-distribution reference: {type(error).__name__}") from error
    size = reference.mean.shape
    if len(size) != 1 or reference.precision.shape != (*size, *size) or not reference.limit > 0:
        raise CalibrationInvalid(f"{path.name} holds arrays of other shapes than a reference has")
    return LocalReference(sha256, exams, views, reference)


def _shape(views: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean (F,) and precision (F, F) of descriptors (N, F).

    The share of the diagonal is F / (N + F): with few views almost all, with many almost none. No feature's spread is
    taken for smaller than `_FLOOR` of the features' mean spread, because a few views may agree in it by chance.
    """
    count, features = views.shape
    covariance = np.atleast_2d(np.cov(views, rowvar=False))
    variances = np.diag(covariance)
    floor = _FLOOR**2 * float(variances.mean()) + 1e-12
    shrink = features / (count + features)
    shrunk = (1 - shrink) * covariance + shrink * np.diag(variances) + floor * np.eye(features)
    return views.mean(0), np.asarray(np.linalg.inv(shrunk), np.float64)

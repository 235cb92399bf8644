"""Commission a model on a stratum: fit its calibration from scored reference exams with known truth.

Run as `python -m readers.ai.commission` after training, it writes the calibrations of the default model for the
phantom's own devices. A unit commissions on its own exams in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from models import predict
from models.cards import Reference
from models.phantom.vendors import STYLES
from readers.ai.calibration import SHIPPED, Calibration, Calibrations, Stratum, logit
from readers.ai.reader import NeuralReader
from screening.domain.ai_read import AiIdentity

PREVALENCE = 0.004
"""Cancers per breast at which probabilities are stated: about 8 per 1000 women (CO-OPS, reference 1.2)."""

FLAG_FROM = 10


def fit(raw: Sequence[float], malignant: Sequence[bool], prevalence: float = PREVALENCE) -> tuple[float, float]:
    """Slope and intercept on the logit of the raw score (Platt), moved from the sample's prevalence to the stated one.

    Raises ValueError when one of the two classes is absent.
    """
    x = np.array([logit(value) for value in raw])
    y = np.array(malignant, float)
    positives, total = float(y.sum()), len(y)
    if not 0 < positives < total:
        raise ValueError("a calibration needs cancers and normals")

    def loss(parameters: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        z = parameters[0] * x + parameters[1]
        return float(np.mean(np.logaddexp(0, z) - y * z))

    slope, intercept = minimize(loss, np.array([1.0, 0.0]), method="BFGS").x
    shift = math.log(prevalence / (1 - prevalence)) - math.log(positives / (total - positives))
    return float(slope), float(intercept) + shift


def commission(identity: AiIdentity, reference: Reference, vendor: str, stratum: Stratum) -> Calibration:
    """The calibration of one vendor's breasts, with the exam deciles of the model's reference population."""
    breasts = [score for score in reference.scores if score.unit == "breast" and score.vendor == vendor]
    slope, intercept = fit([score.score for score in breasts], [score.malignant for score in breasts])
    return Calibration(
        id=f"{identity.model}-{identity.version}-{vendor}",
        product=identity.product,
        weights_sha256=identity.weights_sha256,
        preprocessing_sha256=identity.preprocessing_sha256,
        stratum=stratum,
        slope=slope,
        intercept=intercept,
        prevalence=PREVALENCE,
        exam_deciles=reference.exam_deciles,
        flag_from=FLAG_FROM,
        population=reference.population,
    )


def to_toml(calibration: Calibration) -> str:
    """The calibration as a file a person can read."""
    stratum = calibration.stratum
    numbers = ", ".join(f"{value:.6g}" for value in calibration.exam_deciles)
    lines: Iterable[str] = (
        f'id = "{calibration.id}"',
        f'product = "{calibration.product}"',
        f'weights_sha256 = "{calibration.weights_sha256}"',
        f'preprocessing_sha256 = "{calibration.preprocessing_sha256}"',
        f"slope = {calibration.slope:.6f}",
        f"intercept = {calibration.intercept:.6f}",
        f"prevalence = {calibration.prevalence}",
        f"exam_deciles = [{numbers}]",
        f"flag_from = {calibration.flag_from}",
        f'population = "{calibration.population}"',
        "",
        "[stratum]",
        f'manufacturer = "{stratum.manufacturer}"',
        f'model = "{stratum.model}"',
        f'software = "{stratum.software}"',
        f'site = "{stratum.site}"',
        "",
    )
    return "\n".join(lines)


def main(folder: Path = SHIPPED) -> None:
    """Write one calibration per phantom device for the default model."""
    model = predict.load()
    identity = NeuralReader(model, Calibrations(())).identity
    for vendor, style in STYLES.items():
        stratum = Stratum(style.manufacturer, style.model_name, style.software_versions)
        calibration = commission(identity, model.reference(), vendor, stratum)
        (folder / f"{calibration.id}.toml").write_text(to_toml(calibration), encoding="utf-8")


if __name__ == "__main__":
    main()

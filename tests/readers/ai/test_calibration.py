"""Calibrations: which one applies, and what its numbers do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.ai.calibration import Calibration, Calibrations, Stratum, parse
from readers.ai.commission import fit, to_toml
from screening.domain.ai_read import AiIdentity
from screening.domain.errors import InvalidInput

IDENTITY = AiIdentity("net", "1", "w" * 64, "crop@1", "p" * 64, "torch", "f32", "torch 2", "phantom-trained")
STRATUM = Stratum("Maker", "Model", "1.0", "unit-a")
CALIBRATION = Calibration(
    id="cal-1",
    product="net@1",
    weights_sha256="w" * 64,
    preprocessing_sha256="p" * 64,
    stratum=Stratum("Maker", "Model", "1.0"),
    slope=1.2,
    intercept=-3.0,
    prevalence=0.004,
    exam_deciles=tuple(n / 10 for n in range(1, 10)),
    flag_from=10,
    population="reference normals",
)


def test_it_applies_to_its_own_model_device_and_any_site() -> None:
    assert Calibrations([CALIBRATION]).find(IDENTITY, STRATUM) is CALIBRATION


@pytest.mark.parametrize(
    "identity",
    [
        replace(IDENTITY, version="2"),
        replace(IDENTITY, weights_sha256="x" * 64),
        replace(IDENTITY, preprocessing_sha256="x" * 64),
    ],
)
def test_it_never_applies_to_another_model(identity: AiIdentity) -> None:
    assert Calibrations([CALIBRATION]).find(identity, STRATUM) is None


@pytest.mark.parametrize("changes", [{"software": "1.1"}, {"model": "Other"}, {"manufacturer": "Other"}])
def test_an_upgraded_device_is_uncalibrated(changes: dict[str, str]) -> None:
    assert Calibrations([CALIBRATION]).find(IDENTITY, replace(STRATUM, **changes)) is None


def test_the_calibration_of_the_site_goes_before_the_general_one() -> None:
    local = replace(CALIBRATION, id="cal-local", stratum=STRATUM)
    found = Calibrations([CALIBRATION, local]).find(IDENTITY, STRATUM)
    assert found is local
    elsewhere = Calibrations([CALIBRATION, local]).find(IDENTITY, replace(STRATUM, site="unit-b"))
    assert elsewhere is CALIBRATION


@given(st.floats(0, 1), st.floats(0, 1))
def test_scores_and_probabilities_rise_with_the_raw_score(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert CALIBRATION.exam_score(low) <= CALIBRATION.exam_score(high)
    assert CALIBRATION.probability(low) <= CALIBRATION.probability(high)
    assert 1 <= CALIBRATION.exam_score(low) <= 10
    assert 0 <= CALIBRATION.probability(high) <= 1


def test_a_file_says_the_same_as_the_value(tmp_path: Path) -> None:
    path = tmp_path / "cal.toml"
    path.write_text(to_toml(CALIBRATION), encoding="utf-8")
    assert parse(path) == CALIBRATION


@pytest.mark.parametrize("broken", ["", "id = 'x'", "exam_deciles = [3, 2, 1]", "not toml ["])
def test_a_broken_file_is_refused(broken: str, tmp_path: Path) -> None:
    path = tmp_path / "cal.toml"
    path.write_text(broken, encoding="utf-8")
    with pytest.raises(InvalidInput):
        parse(path)


def test_a_folder_that_is_not_there_is_refused_and_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    assert Calibrations.from_folders(tmp_path).find(IDENTITY, STRATUM) is None
    with pytest.raises(InvalidInput, match="missing"):
        Calibrations.from_folders(tmp_path / "missing")


def test_fitting_recovers_probabilities_at_the_stated_prevalence() -> None:
    """Raw scores that are true odds at 50 % prevalence must become the odds of the stated prevalence."""
    rng = np.random.default_rng(3)
    malignant = rng.random(20_000) < 0.5
    logits = np.where(malignant, 1.0, -1.0) + rng.standard_normal(20_000)
    raw = 1 / (1 + np.exp(-logits))
    slope, intercept = fit(raw.tolist(), malignant.tolist(), prevalence=0.01)
    assert slope == pytest.approx(2.0, abs=0.1)
    assert intercept == pytest.approx(np.log(0.01 / 0.99), abs=0.1)


def test_fitting_needs_both_classes() -> None:
    with pytest.raises(ValueError, match="cancers and normals"):
        fit([0.1, 0.2], [False, False])

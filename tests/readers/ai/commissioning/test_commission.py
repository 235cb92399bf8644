"""From evidence to verdict: good models pass, bad ones fail, and few exams say nothing."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.cards import Reference, ReferenceScore
from readers.ai.calibration import Stratum
from readers.ai.commissioning import limits
from readers.ai.commissioning.commission import calibration_id, commission
from readers.ai.commissioning.evidence import BreastEvidence, ExamEvidence
from readers.ai.commissioning.figures import deciles, flagged_apart, rate
from readers.ai.commissioning.verdict import Outcome
from screening.domain.errors import CalibrationInvalid
from tests.readers.ai.commissioning.exams import IDENTITY, STRATUM, commissioned, evidence, plan


def outcomes(done_name: str, exams: list[ExamEvidence]) -> Outcome:
    return next(
        check.outcome for check in commissioned(exams).verdict.checks if check.name == limits.FIGURES[done_name]
    )


def test_a_good_model_on_enough_exams_passes_with_a_calibration() -> None:
    done = commissioned()
    assert done.verdict.outcome is Outcome.PASS
    assert done.calibration is not None
    (point,) = done.calibration.operating_points
    assert point.flag_from == done.calibration.flag_from == 10
    assert point.sensitivity.low < point.sensitivity.share < point.sensitivity.high
    assert point.specificity.share == pytest.approx(0.9, abs=0.02)
    assert done.figures.log_loss_gain is not None
    assert done.figures.log_loss_gain > 0.1


def test_probabilities_mean_the_stated_prevalence() -> None:
    """Mean probability of normal breasts and of cancers, weighed 1 - p and p, comes back to p."""
    exams = evidence(2000, 400)
    done = commissioned(exams)
    assert done.calibration is not None
    breasts = [breast for exam in exams for breast in exam.breasts]
    p = done.calibration.prevalence
    sick = np.mean([done.calibration.probability(b.raw) for b in breasts if b.cancer])
    well = np.mean([done.calibration.probability(b.raw) for b in breasts if not b.cancer])
    assert p * sick + (1 - p) * well == pytest.approx(p, rel=0.35)


def test_a_model_that_tells_nothing_apart_fails() -> None:
    done = commissioned(evidence(separation=0.0))
    assert done.verdict.outcome is Outcome.FAIL
    assert outcomes("auc_low", evidence(separation=0.0)) is Outcome.FAIL


@pytest.mark.parametrize(("normals", "cancers"), [(600, 49), (400, 80), (600, 0), (0, 600), (3, 1)])
def test_too_little_evidence_is_no_pass_however_good_the_figures(normals: int, cancers: int) -> None:
    assert commissioned(evidence(normals, cancers, separation=6.0)).verdict.outcome is Outcome.NOT_ENOUGH_EVIDENCE


def test_refused_exams_count_against_the_model_and_not_for_it() -> None:
    exams = evidence()
    refused = [replace(exam, refusals=("views_missing",)) if n % 10 == 0 else exam for n, exam in enumerate(exams)]
    done = commissioned(refused)
    assert done.figures.refused.share == pytest.approx(0.1)
    assert outcomes("refusal_rate", refused) is Outcome.FAIL
    assert done.verdict.outcome is Outcome.FAIL


def test_without_sides_the_exam_is_what_is_fitted() -> None:
    exams = [
        replace(exam, breasts=tuple(BreastEvidence(b.laterality, b.raw, None) for b in exam.breasts))
        if exam.cancer
        else exam
        for exam in evidence()
    ]
    done = commissioned(exams)
    assert done.calibration is not None
    assert done.method["prevalence_of_the_sample"] == pytest.approx(80 / 680, abs=1e-6)


def test_images_unlike_the_training_are_refusals_until_local_images_are_the_reference() -> None:
    foreign = [replace(exam, refusals=("out_of_distribution",), unlike=True) for exam in evidence()]
    assert commissioned(foreign).figures.refused.share == 1.0
    local = commissioned(foreign, local_ood=True)
    assert local.calibration is not None
    assert local.calibration.ood is not None
    assert local.calibration.ood.exams == 680
    assert local.figures.refused.share < 0.02
    assert local.figures.unlike == 680
    assert local.verdict.outcome is Outcome.PASS


def test_another_reason_to_refuse_stays_with_local_images() -> None:
    exams = [replace(exam, refusals=("out_of_distribution", "views_missing"), unlike=True) for exam in evidence(30, 5)]
    assert commissioned(exams, local_ood=True).figures.refused.hits == 35


def test_distance_to_the_models_own_scores_is_judged_where_it_has_some() -> None:
    far = Reference(
        "net", "w", "far", tuple(n / 10 for n in range(1, 10)), (ReferenceScore("exam", "a", 0.99, False),) * 50
    )
    done = commission(IDENTITY, STRATUM, evidence(), plan(), far)
    judged = {check.name: check.outcome for check in done.verdict.checks}
    assert judged[limits.FIGURES["score_ks"]] is Outcome.FAIL
    without = {check.name: check.outcome for check in commissioned().verdict.checks}
    assert without[limits.FIGURES["score_ks"]] is Outcome.NOT_JUDGED


@given(st.lists(st.floats(0, 1), min_size=20, max_size=200))
def test_deciles_part_the_normals_in_tenths(scores: list[float]) -> None:
    edges = deciles(scores)
    assert len(edges) == 9
    assert list(edges) == sorted(edges)
    for number, edge in enumerate(edges, 1):
        assert sum(score < edge - 1e-6 for score in scores) <= number * len(scores) / 10 + 1


def test_the_flag_is_judged_on_exams_whose_scores_did_not_set_it() -> None:
    raw = np.linspace(0.01, 0.99, 100)
    flagged = flagged_apart(raw, np.zeros(100, bool), 10)
    own = np.array([bisect_right(deciles(raw.tolist()), value) + 1 >= 10 for value in raw])
    assert own.sum() == 10
    assert 8 <= flagged.sum() <= 12
    assert not flagged_apart(raw[:10], np.zeros(10, bool), 10).any()


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"), [(0, 10, 0.0, 0.3085), (10, 10, 0.6915, 1.0), (5, 10, 0.1871, 0.8129)]
)
def test_exact_intervals_of_the_textbook(hits: int, total: int, low: float, high: float) -> None:
    found = rate(hits, total)
    assert [found.low, found.high] == pytest.approx([low, high], abs=1e-4)


def test_names_of_calibrations_keep_strata_and_weights_apart() -> None:
    day = plan().valid_from
    strata = [STRATUM, replace(STRATUM, model="Model!"), Stratum("Maker", "Mod", "el 1.0", "unit-a")]
    names = {calibration_id(IDENTITY, stratum, day) for stratum in strata}
    names.add(calibration_id(replace(IDENTITY, weights_sha256="c" * 64), STRATUM, day))
    assert len(names) == 4


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("secondread-limits/1", "secondread-limits/9"),
        ("exams = 500", "exams = 0"),
        ("[auc_low]\nleast = 0.80", ""),
        ("least = 0.80", ""),
        ("[auc_low]", "[auc_lo]"),
        ("flag_from = 10", 'flag_from = "10"'),
    ],
)
def test_limits_are_read_strictly(tmp_path: Path, old: str, new: str) -> None:
    text = (limits.FOLDER / "screening-1.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "mine.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CalibrationInvalid, match=r"mine\.toml"):
        limits.read(tmp_path / "mine.toml")

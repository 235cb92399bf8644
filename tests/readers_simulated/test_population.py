"""The synthetic women: deterministic, plausible, and as frequent as the programme says."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.simulated.lesions import benign_lesion, dcis_lesion, invasive_lesion
from readers.simulated.population import Woman, women
from readers.simulated.programme import Programme
from screening.domain.study import Laterality

COUNT = 20_000


@pytest.fixture(scope="module")
def screened() -> list[Woman]:
    return list(women(Programme(), COUNT, seed=5))


def test_the_same_seed_gives_the_same_women_and_another_seed_others() -> None:
    assert list(women(Programme(), 300, seed=1)) == list(women(Programme(), 300, seed=1))
    assert list(women(Programme(), 300, seed=1)) != list(women(Programme(), 300, seed=2))


def test_a_small_round_is_the_beginning_of_a_large_one() -> None:
    assert list(women(Programme(), 50, seed=1)) == list(women(Programme(), 5_000, seed=1))[:50]


def test_rates_follow_the_programme(screened: list[Woman]) -> None:
    programme = Programme()
    cancers = sum(woman.cancer is not None for woman in screened) / COUNT
    faults = sum(woman.fault is not None for woman in screened) / COUNT
    first = sum(woman.first_round for woman in screened) / COUNT
    assert cancers == pytest.approx(programme.visible_rate, rel=0.25)
    assert faults == pytest.approx(programme.technical_fault, rel=0.2)
    assert first == pytest.approx(programme.first_round_share, rel=0.05)


def test_nobody_has_a_prior_in_her_first_round(screened: list[Woman]) -> None:
    assert not any(woman.prior and woman.first_round for woman in screened)
    assert any(woman.prior for woman in screened)


def test_ages_stay_within_the_invitation(screened: list[Woman]) -> None:
    ages = [woman.age_years for woman in screened]
    assert min(ages) == 50
    assert max(ages) == 75


def test_a_cancer_is_either_visible_now_or_comes_later(screened: list[Woman]) -> None:
    assert not any(woman.cancer is not None and woman.later_cancer for woman in screened)
    assert all(woman.cancer is None or woman.benign is None for woman in screened)


def test_every_refusal_occurs(screened: list[Woman]) -> None:
    seen = Counter(woman.refusal.reason for woman in screened if woman.refusal is not None)
    assert set(seen) == {refusal.reason for refusal in Programme().refusals}
    assert sum(seen.values()) / COUNT == pytest.approx(0.05, rel=0.1)


@given(st.integers(0, 10_000))
def test_lesions_are_findings_the_domain_accepts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for make in (invasive_lesion, dcis_lesion, benign_lesion):
        finding = make(rng).finding()
        assert finding.size_mm is not None
        assert finding.laterality in Laterality
        outer = finding.quadrant is not None and finding.quadrant.value.endswith("outer")
        if finding.clock is not None:
            on_outer_half = (finding.clock > 6) == (finding.laterality is Laterality.RIGHT)
            assert on_outer_half == outer

"""Calibrations: which one applies to an exam, and what its numbers do."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.ai.calibration import SHIPPED, Calibrations, Standing, Stratum
from readers.ai.calibration_maps import LogitMap
from screening.domain.ai_read import NOT_STATED, AiIdentity
from screening.domain.errors import CalibrationInvalid, InvalidInput
from screening.domain.quality import ReasonCode
from tests.readers.ai.known_model import CALIBRATION

IDENTITY = AiIdentity("net", "1", "w" * 64, "crop@1", "p" * 64, "torch", "f32", "torch 2", "phantom-trained")
STRATUM = Stratum("Maker", "Model", "1.0", "unit-a")
DAYS = st.dates(date(2020, 1, 1), date(2029, 12, 31))


def test_it_applies_to_its_own_model_device_and_any_site() -> None:
    assert Calibrations([CALIBRATION]).find(IDENTITY, STRATUM) is CALIBRATION


@pytest.mark.parametrize(
    "identity",
    [
        replace(IDENTITY, version="2"),
        replace(IDENTITY, weights_sha256="x" * 64),
        replace(IDENTITY, preprocessing_sha256="x" * 64),
        replace(IDENTITY, precision="bf16"),
    ],
)
def test_it_never_applies_to_another_model_or_precision(identity: AiIdentity) -> None:
    calibrations = Calibrations([CALIBRATION])
    assert calibrations.find(identity, STRATUM) is None
    assert calibrations.why_none(identity, STRATUM) is ReasonCode.STRATUM_UNCALIBRATED


@pytest.mark.parametrize("changes", [{"software": "1.1"}, {"model": "Other"}, {"manufacturer": "Other"}])
def test_an_upgraded_device_is_uncalibrated(changes: dict[str, str]) -> None:
    assert Calibrations([CALIBRATION]).find(IDENTITY, replace(STRATUM, **changes)) is None


def test_the_calibration_of_the_site_goes_before_the_general_one() -> None:
    local = replace(CALIBRATION, id="cal-local", stratum=STRATUM)
    found = Calibrations([CALIBRATION, local]).find(IDENTITY, STRATUM)
    assert found is local
    elsewhere = Calibrations([CALIBRATION, local]).find(IDENTITY, replace(STRATUM, site="unit-b"))
    assert elsewhere is CALIBRATION


@pytest.mark.parametrize(
    ("standing", "reason"),
    [
        (Standing.NOT_COMMISSIONED, ReasonCode.NOT_COMMISSIONED),
        (Standing.FAILED, ReasonCode.NOT_COMMISSIONED),
        (Standing.NOT_ENOUGH_EVIDENCE, ReasonCode.NOT_COMMISSIONED),
        (Standing.UNVERIFIED, ReasonCode.COMMISSIONING_UNVERIFIED),
    ],
)
def test_only_an_accepted_commissioning_counts(standing: Standing, reason: ReasonCode) -> None:
    calibrations = Calibrations([replace(CALIBRATION, standing=standing)])
    assert calibrations.find(IDENTITY, STRATUM) is None
    assert calibrations.why_none(IDENTITY, STRATUM) is reason


def test_a_local_one_that_failed_is_not_replaced_by_the_general_one() -> None:
    failed = replace(CALIBRATION, id="cal-local", stratum=STRATUM, standing=Standing.FAILED)
    assert Calibrations([CALIBRATION, failed]).find(IDENTITY, STRATUM) is None


@given(st.floats(0, 1), st.floats(0, 1))
def test_scores_and_probabilities_rise_with_the_raw_score(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert CALIBRATION.exam_score(low) <= CALIBRATION.exam_score(high)
    assert CALIBRATION.probability(low) <= CALIBRATION.probability(high)
    assert 0.0 <= CALIBRATION.probability(low) <= 1.0


@pytest.mark.parametrize(
    ("changes", "matches"),
    [({}, True), ({"version": "4.3"}, False), ({"preprocessing": "http-reader-1"}, False), ({"runtime": "x"}, True)],
)
def test_another_product_is_known_by_product_version_and_the_way_its_scores_came(
    changes: dict[str, str], matches: bool
) -> None:
    told = {"weights_sha256": NOT_STATED, "preprocessing_sha256": NOT_STATED, "precision": NOT_STATED}
    other = replace(IDENTITY, preprocessing="cad-sr-tid4000", **told)
    made = replace(CALIBRATION, product=other.product, preprocessing="cad-sr-tid4000", **told)  # type: ignore[arg-type]
    assert made.matches(replace(other, **changes)) is matches


def test_a_product_without_a_version_matches_nothing() -> None:
    told = {"weights_sha256": NOT_STATED, "preprocessing_sha256": NOT_STATED, "version": NOT_STATED}
    other = replace(IDENTITY, **told)
    made = replace(
        CALIBRATION,
        product=other.product,
        weights_sha256=NOT_STATED,
        preprocessing_sha256=NOT_STATED,
        preprocessing=other.preprocessing,
    )
    assert not made.matches(other)


def test_the_exam_score_counts_the_deciles_exceeded() -> None:
    assert [CALIBRATION.exam_score(raw) for raw in (0.0, 0.0999, 0.1, 0.55, 0.9, 1.0)] == [1, 1, 1, 6, 9, 10]


@given(st.lists(DAYS, min_size=1, max_size=5, unique=True), DAYS)
def test_the_latest_that_has_begun_is_used(starts: list[date], day: date) -> None:
    made = [replace(CALIBRATION, id=f"cal-{n}", valid_from=start) for n, start in enumerate(starts)]
    found = Calibrations(made).find(IDENTITY, STRATUM, day)
    begun = [start for start in starts if start <= day]
    assert (found.valid_from if found else None) == max(begun, default=None)


@given(DAYS, st.integers(0, 400), st.integers(1, 400))
def test_an_ended_calibration_holds_to_its_last_day_and_leaves_a_gap(start: date, length: int, after: int) -> None:
    end = start + timedelta(length)
    one = replace(CALIBRATION, valid_from=start, valid_to=end)
    later = replace(CALIBRATION, id="cal-2", valid_from=end + timedelta(after + 1))
    calibrations = Calibrations([one, later])
    assert calibrations.find(IDENTITY, STRATUM, end) is one
    assert calibrations.find(IDENTITY, STRATUM, end + timedelta(1)) is None
    assert calibrations.find(IDENTITY, STRATUM, start - timedelta(1)) is None
    assert calibrations.find(IDENTITY, STRATUM, later.valid_from) is later


@given(DAYS, st.integers(0, 400), st.data())
def test_two_that_claim_one_day_are_an_error(start: date, length: int, data: st.DataObject) -> None:
    end = start + timedelta(length)
    begins = start + timedelta(data.draw(st.integers(0, length)))
    one = replace(CALIBRATION, valid_from=start, valid_to=end)
    with pytest.raises(CalibrationInvalid, match="claim the same exams"):
        Calibrations([replace(CALIBRATION, id="cal-2", valid_from=begins), one])


def test_two_of_one_name_are_an_error() -> None:
    with pytest.raises(CalibrationInvalid, match="cal-1"):
        Calibrations([CALIBRATION, replace(CALIBRATION, stratum=STRATUM)])


def test_what_changes_a_score_or_its_standing_changes_the_fingerprint() -> None:
    changed = [
        replace(CALIBRATION, mapping=LogitMap(1.2, -3.1)),
        replace(CALIBRATION, valid_to=date(2030, 1, 1)),
        replace(CALIBRATION, standing=Standing.FAILED),
        CALIBRATION,
    ]
    assert len({Calibrations([one]).fingerprint for one in changed}) == len(changed)


def test_a_folder_that_is_not_there_is_refused_and_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    assert Calibrations.from_folders(tmp_path).find(IDENTITY, STRATUM) is None
    with pytest.raises(InvalidInput, match="missing"):
        Calibrations.from_folders(tmp_path / "missing")


def test_every_shipped_calibration_is_vouched_for() -> None:
    standings = {one.id: one.standing for one in Calibrations.from_folders(SHIPPED).all}
    assert standings
    assert Standing.UNVERIFIED not in standings.values()
    assert Standing.NOT_COMMISSIONED not in standings.values()


def test_an_exam_without_a_date_is_not_read_by_a_calibration_with_a_span() -> None:
    dated = replace(CALIBRATION, valid_from=date(2026, 1, 1))
    assert Calibrations([dated]).find(IDENTITY, STRATUM) is None
    assert Calibrations([dated]).find(IDENTITY, STRATUM, date(2026, 6, 1)) is dated
    assert Calibrations([CALIBRATION]).find(IDENTITY, STRATUM) is CALIBRATION

"""Small values of the domain: outcomes, AI reads, identifiers, studies, reports' categories."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.domain.ai_read import AiRead, AiStatus, SlotFill
from screening.domain.geometry import Flip
from screening.domain.identifiers import (
    Participant,
    PersonId,
    SopInstanceUid,
    StudyInstanceUid,
    is_ours,
    minted_uid,
    stable_id,
)
from screening.domain.outcome import Flagger, Outcome, OutcomeKind
from screening.domain.quality import (
    QUALITY_MEASURES,
    QUALITY_TEXTS,
    TEXTS,
    Exclusion,
    QualityCode,
    QualityNote,
    ReasonCode,
)
from screening.domain.study import Laterality, Slot, View
from tests.domain.story import opinion

RECALL = Outcome(OutcomeKind.RECALL_FOR_ASSESSMENT, opinion("R4").breasts, flagged_by=(Flagger.FIRST_READER,))
REFUSED = AiRead(
    study_instance_uid=StudyInstanceUid("1.2"),
    status=AiStatus.FAILED,
    reasons=(ReasonCode.MODEL_FAILED,),
    identity=None,
    stratum="",
    calibration_id=None,
    exam_score=None,
    raw_score=None,
    probability=None,
    flagged=False,
    breasts=(),
    regions=(),
    density=None,
    slots=(),
    excluded=(),
    warnings=(),
    prior_used=False,
    input_digests=(),
)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (replace(RECALL, flagged_by=(Flagger.FIRST_READER, Flagger.AI)), True),
        (replace(RECALL, arbitrated=True), True),
        (replace(RECALL, breasts=opinion("L4").breasts), False),
        (replace(RECALL, breasts=opinion("R5").breasts), False),
        (replace(RECALL, breasts=opinion("R4+L4").breasts), False),
        (Outcome(OutcomeKind.ROUTINE_RECALL), False),
    ],
)
def test_what_the_woman_is_told_decides_whether_outcomes_differ(other: Outcome, same: bool) -> None:
    assert RECALL.tells_same(other) is same
    assert other.tells_same(RECALL) is same


def test_the_origin_names_who_flagged() -> None:
    assert replace(RECALL, flagged_by=(Flagger.SECOND_READER, Flagger.AI)).origin == "R2+AI"
    assert Outcome(OutcomeKind.ROUTINE_RECALL).origin == "none"


@pytest.mark.parametrize(
    ("arbitrated", "kind", "flagged", "dismissed"),
    [
        (True, OutcomeKind.ROUTINE_RECALL, (Flagger.AI,), True),
        (True, OutcomeKind.ROUTINE_RECALL, (), False),
        (False, OutcomeKind.ROUTINE_RECALL, (Flagger.AI,), False),
        (True, OutcomeKind.RECALL_FOR_ASSESSMENT, (Flagger.AI,), False),
    ],
)
def test_dismissed_is_flagged_then_called_normal_by_arbitration(
    arbitrated: bool, kind: OutcomeKind, flagged: tuple[Flagger, ...], dismissed: bool
) -> None:
    assert Outcome(kind, flagged_by=flagged, arbitrated=arbitrated).dismissed is dismissed


def test_only_an_ok_ai_read_is_usable_and_it_is_complete() -> None:
    ok = replace(REFUSED, status=AiStatus.OK, exam_score=10, calibration_id="cal-1", flagged=True)
    assert ok.usable
    assert not REFUSED.usable
    for wrong in ({"exam_score": 11}, {"exam_score": 0}, {"exam_score": None}, {"calibration_id": None}):
        with pytest.raises(ValueError, match="exam score"):
            replace(ok, **wrong)


@pytest.mark.parametrize("status", [status for status in AiStatus if status is not AiStatus.OK])
def test_an_ai_read_that_is_not_ok_says_nothing_about_the_woman(status: AiStatus) -> None:
    for opinionated in ({"exam_score": 3}, {"flagged": True}):
        with pytest.raises(ValueError, match="neither flag nor exam score"):
            replace(REFUSED, status=status, **opinionated)


def test_no_name_or_number_shows_when_a_woman_is_printed() -> None:
    woman = Participant(PersonId("HOSPITAL", "999990019"), "Voorbeeld", "Wilhelmina", "1961-02-03")
    shown = repr(woman) + str(woman) + f"{woman.person}"
    assert not any(secret in shown for secret in ("999990019", "Voorbeeld", "Wilhelmina", "1961"))


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_a_minted_uid_is_ours_valid_and_the_same_again(parts: list[str]) -> None:
    uid = minted_uid(*parts)
    assert uid == minted_uid(*parts)
    assert is_ours(uid)
    assert len(uid) <= 64
    assert all(part == str(int(part)) for part in uid.split("."))


def test_a_uid_that_only_begins_alike_is_not_ours() -> None:
    assert not is_ours(minted_uid("a").split(".")[0] + ".1")
    assert stable_id("case", "a", "b") != stable_id("case", "ab")


def test_slots_know_side_and_view() -> None:
    assert [(slot.laterality, slot.view) for slot in (Slot.RCC, Slot.LMLO)] == [
        (Laterality.RIGHT, View.CC),
        (Laterality.LEFT, View.MLO),
    ]


def test_every_reason_code_has_its_sentence() -> None:
    assert set(TEXTS) == set(ReasonCode)
    assert Exclusion(minted_uid("x"), ReasonCode.NO_BREAST, "row 3").text.endswith("(row 3)")  # type: ignore[arg-type]


def test_every_quality_code_has_a_sentence_a_measure_and_a_unit() -> None:
    assert set(QUALITY_TEXTS) == set(QUALITY_MEASURES) == set(QualityCode)


@pytest.mark.parametrize(
    ("quality", "filled", "said"),
    [
        (None, True, "not measured"),
        ((), True, "measured, nothing to note"),
        (None, False, ""),
        ((QualityNote(SopInstanceUid("1.2"), QualityCode.NOISE, 7.0),), True, ""),
    ],
)
def test_not_measured_is_told_from_nothing_found(
    quality: tuple[QualityNote, ...] | None, filled: bool, said: str
) -> None:
    slots = (SlotFill(Slot.RCC, SopInstanceUid("1.2") if filled else None),)
    assert replace(REFUSED, quality=quality, slots=slots).quality_words == said


boxes = st.tuples(st.floats(-50, 150), st.floats(-50, 150), st.floats(0, 80), st.floats(0, 80))


@given(boxes, st.booleans(), st.booleans())
def test_a_box_in_the_stored_image_lies_in_it_and_comes_back(
    box: tuple[float, float, float, float], horizontal: bool, vertical: bool
) -> None:
    flip = Flip(100, 60, horizontal, vertical)
    x, y, width, height = box
    x0, y0, x1, y1 = flip.to_stored((x, y, x + width, y + height))
    assert 0 <= x0 <= x1 <= 60
    assert 0 <= y0 <= y1 <= 100
    inside = (max(0.0, min(x, 60.0)), max(0.0, min(y, 100.0)))
    again = flip.to_stored((x0, y0, x1, y1))
    assert again[:2] == pytest.approx(inside)

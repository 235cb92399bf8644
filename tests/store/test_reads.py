"""Audits see one row per case, made from its events, with few queries and without identity."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, event

from screening.domain import events as ev
from screening.domain.ai_read import AiRead, SlotFill
from screening.domain.case import CaseState
from screening.domain.identifiers import CaseId, EpisodeId
from screening.domain.opinion import BiRads
from screening.domain.quality import QualityCode, QualityNote
from screening.domain.study import Slot
from screening.store import reads
from screening.store.uow import SqlUnits
from screening.workflow.policies import DEFAULT_POLICY, policy_json
from tests.domain.story import Story, score
from tests.store.samples import CASE, EPISODE, NOW, STUDY, WOMAN, ai_read, episode, image, opening, policy, received


def store(units: SqlUnits, story: Story, read: AiRead | None = None) -> None:
    """Store a told case with its exam and episode."""
    with units() as uow:
        uow.policies.save(policy(), policy_json(DEFAULT_POLICY))
        uow.exams.register(received(image()), NOW)
        uow.exams.save_episode(episode())
        uow.ai_reads.save("run-1", CASE, read or ai_read(), NOW)
        for told in story.events:
            uow.cases.append(told.case, told.sequence - 1, told.actor, told.at, [told.fact])


def recalled() -> Story:
    """Discordant reads, AI flag, arbitration to recall, released, cancer found."""
    story = Story(policy()).concluded(["R4", "N"], score(10)).arbitrated("R4").windows_closed().released()
    return story.add(ev.AssessmentReceived(date(2026, 3, 20), BiRads(5), True, True, True, 12.0, False))


def test_a_row_tells_the_whole_story_of_a_case(units: SqlUnits) -> None:
    store(units, recalled())
    with units() as uow:
        (row,) = uow.audit.episode_rows()
    assert (row.case, row.episode, row.unit, row.round_number, row.age_years) == (CASE, EPISODE, "Unit 7", 1, 65)
    assert (row.screened_on, row.released_on) == (date(2026, 3, 2), date(2026, 3, 2))
    assert row.policy == f"{policy().id}@{policy().version}"
    assert (row.manufacturer, row.device_model, row.device_software) == ("ACME", "Mammo 1", "2.0")
    assert (row.implant, row.density, row.state) == (False, "c", "released")
    assert (row.reader_1, row.opinion_1, row.reader_2, row.opinion_2) == ("anna", "recall", "bram", "normal")
    assert (row.blind_1, row.blind_2, row.human_reads) == (True, True, 2)
    assert (row.ai_status, row.ai_score, row.ai_flagged, row.ai_product) == ("ok", 10, True, "model@1")
    assert (row.arbitrated, row.arbitration_reason, row.arbitration_opinion) == (True, "discordant", "recall")
    assert (row.outcome, row.origin, row.worst_category) == ("recall_for_assessment", "R1+AI", 4)
    assert (row.assessed, row.cancer, row.invasive, row.size_mm, row.node_positive) == (True, True, True, 12.0, False)


def read_with(*codes: QualityCode, filled: bool = True) -> AiRead:
    """An AI read that refused the exam, with these notes on its one image."""
    notes = tuple(QualityNote(image().sop_instance_uid, code, 1.5) for code in codes)
    slots = (SlotFill(Slot.RCC, image().sop_instance_uid if filled else None), SlotFill(Slot.LCC, None))
    return replace(ai_read(), quality=notes, slots=slots)


BLUR, NOISE = QualityCode.MOTION_BLUR, QualityCode.NOISE


@pytest.mark.parametrize(
    ("read", "noted"),
    [
        (read_with(NOISE, BLUR, NOISE), " motion_blur noise "),
        (read_with(), " "),
        (read_with(filled=False), None),
        (replace(read_with(), quality=None), None),
    ],
)
def test_quality_notes_of_a_stored_read_reach_its_row(units: SqlUnits, read: AiRead, noted: str | None) -> None:
    store(units, recalled(), read)
    with units() as uow:
        (row,) = uow.audit.episode_rows()
    assert row.quality_notes == noted


def test_a_row_names_nobody(units: SqlUnits) -> None:
    store(units, recalled())
    with units() as uow:
        (row,) = uow.audit.episode_rows()
    told = repr(asdict(row))
    assert not any(secret in told for secret in (WOMAN.family, WOMAN.given, WOMAN.person.value, WOMAN.birth_date))


def test_an_open_case_has_a_row_without_an_outcome(units: SqlUnits) -> None:
    store(units, Story(policy()).opened())
    with units() as uow:
        (row,) = uow.audit.episode_rows()
    assert (row.state, row.outcome, row.origin, row.reader_1, row.ai_status) == (
        CaseState.AWAITING_FIRST_READ,
        None,
        "none",
        None,
        None,
    )


def test_a_case_without_exam_episode_or_policy_still_has_a_row(units: SqlUnits) -> None:
    with units() as uow:
        uow.cases.append(CASE, 0, "test", NOW, opening()[:1])
    with units() as uow:
        (row,) = uow.audit.episode_rows()
    assert (row.state, row.policy, row.unit, row.round_number) == ("awaiting_images", "", "", 0)


def test_dates_are_those_of_the_programme(engine: Engine) -> None:
    story = recalled()
    released = next(e.at for e in story.events if isinstance(e.fact, ev.OutcomeReleased))
    late = released.replace(hour=20)
    story.events[:] = [replace(told, at=told.at + (late - released)) for told in story.events]
    tokyo = ZoneInfo("Asia/Tokyo")
    units = SqlUnits(engine, tokyo)
    store(units, story)
    with units() as uow:
        (row,) = uow.audit.episode_rows()
    units.close()
    assert row.released_on == late.date() + timedelta(days=1)


def test_the_number_of_queries_grows_with_blocks_and_not_with_cases(
    units: SqlUnits, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "_CONTEXT", reads._CONTEXT.limit(10))
    with units() as uow:
        uow.policies.save(policy(), policy_json(DEFAULT_POLICY))
        for number in range(25):
            uow.cases.append(CaseId(f"case-{number}"), 0, "test", NOW, opening(STUDY, EpisodeId(f"e-{number}")))
    statements = list[str]()
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    with units() as uow:
        rows = list(uow.audit.episode_rows())
    assert [row.case for row in rows] == [f"case-{number}" for number in range(25)]
    asked = [statement for statement in statements if statement.startswith("SELECT")]
    assert len(asked) <= 3 + 3 * 3


def test_auditing_does_not_hold_up_reading(units: SqlUnits) -> None:
    store(units, Story(policy()).opened())
    with units() as audit:
        rows = audit.audit.episode_rows()
        next(rows)
        with units() as uow:
            uow.cases.append(CASE, 2, "manager", NOW, [ev.LateImagesReceived(1)])
        assert list(rows) == []

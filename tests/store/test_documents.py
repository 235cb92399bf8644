"""Everything stored as JSON comes back as the value it was."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.domain import events as ev
from screening.domain.ai_read import AiRead
from screening.domain.errors import InvalidInput
from screening.domain.identifiers import ReaderId
from screening.domain.report import StructuredReport
from screening.domain.study import Image, StoredObject
from screening.store.documents import AI_READS, IMAGES, OBJECTS, REPORTS, read_fact, write_fact
from tests.store import strategies

strategies.register()
modest = settings(max_examples=40, deadline=None)


@pytest.mark.parametrize("kind", ev.FACTS, ids=lambda kind: kind.__name__)
@modest
@given(data=st.data())
def test_every_fact_survives_the_round_trip(kind: type[ev.Fact], data: st.DataObject) -> None:
    fact = data.draw(st.from_type(kind))
    name, text = write_fact(fact)
    assert name == kind.__name__
    assert read_fact(name, text) == fact


@modest
@given(strategies.ai_reads())
def test_an_ai_read_survives_the_round_trip(read: AiRead) -> None:
    assert AI_READS.read(AI_READS.write(read)) == read


@modest
@given(strategies.reports)
def test_a_report_survives_the_round_trip(report: StructuredReport) -> None:
    assert REPORTS.read(REPORTS.write(report)) == report


@modest
@given(strategies.images)
def test_an_image_survives_the_round_trip(image: Image) -> None:
    assert IMAGES.read(IMAGES.write(image)) == image


@modest
@given(st.from_type(StoredObject))
def test_another_object_survives_the_round_trip(stored: StoredObject) -> None:
    assert OBJECTS.read(OBJECTS.write(stored)) == stored


def test_the_text_of_a_fact_is_fixed() -> None:
    fact = ev.ReadClaimed(ev.Author(ReaderId("anna"), "REG-1"), datetime(2026, 3, 2, 9, 30, tzinfo=UTC))
    text = '{"author":{"reader":"anna","registration":"REG-1"},"expires_at":"2026-03-02T09:30:00Z"}'
    assert write_fact(fact) == ("ReadClaimed", text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("NoSuchFact", "{}"),
        ("ReadReleased", "{}"),
        ("ReadReleased", "not json"),
        ("AiScored", '{"run": "r", "exam_score": "Jansen", "flagged": true, "product": "p", "calibration_id": "c"}'),
    ],
)
def test_a_damaged_document_is_refused_without_quoting_it(kind: str, text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_fact(kind, text)
    assert "Jansen" not in str(refused.value)
    assert refused.value.__cause__ is None

"""The prior of an exam in a batch of files."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from screening.app.priors import BatchPriors
from screening.domain.identifiers import PersonId
from screening.domain.study import Study
from screening.workflow.assemble import assemble
from tests.services import instances


def dated(number: int, day: date | None, woman: str = "SYN-1") -> Study:
    """An exam of a woman on a day."""
    (made,) = assemble(instances(f"1.2.840.{number}", f"ACC{number}"))
    of = replace(made.header.participant, person=PersonId("TEST", woman))
    return replace(made, header=replace(made.header, study_date=day, participant=of))


def test_the_prior_is_the_latest_earlier_exam_of_the_same_woman_in_the_batch() -> None:
    now, before, long_ago = dated(1, date(2026, 1, 5)), dated(2, date(2024, 1, 5)), dated(3, date(2022, 1, 5))
    batch = [long_ago, now, before, dated(4, date(2025, 1, 5), "SYN-2"), dated(5, None), dated(6, date(2027, 1, 5))]
    priors = BatchPriors(batch)
    assert priors.latest(now) == BatchPriors(batch[::-1]).latest(now) == before
    assert priors.latest(long_ago) is None
    assert priors.latest(dated(5, None)) is None
    unnamed = BatchPriors([*batch, dated(8, date(2024, 1, 5), "")])
    assert unnamed.latest(dated(7, date(2026, 1, 5), "")) is None


DAYS = st.none() | st.dates(date(2020, 1, 1), date(2020, 1, 6))
EXAMS = st.lists(st.tuples(DAYS, st.sampled_from(["", "SYN-1", "SYN-2"])), max_size=8)


@given(EXAMS)
def test_the_index_finds_what_a_search_through_the_batch_finds(exams: list[tuple[date | None, str]]) -> None:
    batch = [dated(number, day, woman) for number, (day, woman) in enumerate(exams)]
    priors = BatchPriors(iter(batch))
    for study in batch:
        assert priors.latest(study) == searched(study, batch)


def searched(study: Study, batch: list[Study]) -> Study | None:
    """The definition, word for word."""
    day, woman = study.header.study_date, study.header.person
    if day is None or not woman.value:
        return None
    mine = [other for other in batch if other.header.person == woman]
    earlier = [(d, other.study_instance_uid, other) for other in mine if (d := other.header.study_date) and d < day]
    return max(earlier, key=lambda found: found[:2])[2] if earlier else None

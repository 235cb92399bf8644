"""Exams from described instances: one study, one exam, also when every image carries a study UID of its own."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from screening.domain import identifiers as ids
from screening.domain.quality import ReasonCode
from screening.workflow.assemble import assemble
from screening.workflow.ports import ReadInstance
from tests.services import instances


def under(instance: ReadInstance, study: str, **header: str) -> ReadInstance:
    """The instance as if it had come in this study."""
    uid = ids.StudyInstanceUid(study)
    content = replace(instance.content, study_instance_uid=uid)
    return ReadInstance(replace(instance.header, study_instance_uid=uid, **header), content)  # type: ignore[arg-type]


def split(**header: str) -> list[ReadInstance]:
    """Four images of one examination, each under a study UID of its own."""
    return [under(instance, f"1.2.840.{n}", **header) for n, instance in enumerate(instances(), 1)]


def test_images_of_one_accession_are_one_exam_whatever_their_study_uids() -> None:
    (study,) = assemble(split())
    assert len(study.images) == 4
    assert study.study_instance_uid == "1.2.840.1"
    assert len({image.study_instance_uid for image in study.images}) == 4


def test_the_order_of_arrival_does_not_change_which_uid_names_the_exam() -> None:
    assert {assemble(order)[0].study_instance_uid for order in itertools.permutations(split())} == {"1.2.840.1"}


def test_without_an_accession_number_study_uids_keep_exams_apart() -> None:
    assert len(assemble(split(accession_number=""))) == 4


def test_another_accession_number_is_another_exam() -> None:
    first, *others = split()
    other = under(first, "1.2.840.1", accession_number="ACC2")
    assert len(assemble([other, *others])) == 2


def test_two_patients_in_one_study_quarantine_it_whole() -> None:
    first, second, *others = instances()
    stranger = replace(second.header.participant, person=ids.PersonId("TEST", "someone-else"))
    wrong = ReadInstance(replace(second.header, participant=stranger), second.content)
    (study,) = assemble([first, wrong, *others])
    assert study.quarantine is ReasonCode.TWO_PATIENTS


@pytest.mark.parametrize("count", [1, 2])
def test_an_instance_that_came_twice_counts_once(count: int) -> None:
    (study,) = assemble(instances() * count)
    assert len(study.images) == 4


def test_other_bytes_under_a_known_uid_are_named_and_the_first_is_used() -> None:
    first, *others = instances()
    changed = ReadInstance(first.header, replace(first.content, digest=ids.FileDigest("f" * 64)))
    (study,) = assemble([first, *others, changed, changed])
    assert len(study.images) == 4
    assert study.image(first.content.sop_instance_uid).digest == first.content.digest
    (exclusion,) = study.not_images()
    assert (exclusion.sop_instance_uid, exclusion.reason) == (
        first.content.sop_instance_uid,
        ReasonCode.DUPLICATE_DIFFERS,
    )

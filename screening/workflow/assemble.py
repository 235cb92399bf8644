"""Assemble studies from described instances, for work that needs no store."""

from __future__ import annotations

from collections.abc import Iterable

from screening.domain.identifiers import StudyInstanceUid
from screening.domain.quality import ReasonCode
from screening.domain.study import Image, StoredObject, Study, exam_key, joined
from screening.workflow.ports import ReadInstance


def assemble(instances: Iterable[ReadInstance]) -> list[Study]:
    """Group instances into exams: by study, and studies of one order together (`exam_key`).

    The same SOP Instance UID counts once (the first; the store keeps a differing second in quarantine). A study that
    names two patients is quarantined as a whole.
    """
    by_study: dict[StudyInstanceUid, list[ReadInstance]] = {}
    for instance in instances:
        by_study.setdefault(instance.header.study_instance_uid, []).append(instance)
    by_exam: dict[tuple[str, ...], list[Study]] = {}
    for study in map(_study, by_study.values()):
        key = (study.study_instance_uid,) if study.quarantine else exam_key(study.header)
        by_exam.setdefault(key, []).append(study)
    return [joined(studies) for studies in by_exam.values()]


def _study(members: list[ReadInstance]) -> Study:
    images: dict[str, Image] = {}
    others: dict[str, StoredObject] = {}
    for member in members:
        if isinstance(member.content, Image):
            images.setdefault(member.content.sop_instance_uid, member.content)
        else:
            others.setdefault(member.content.sop_instance_uid, member.content)
    people = {(member.header.person.issuer, member.header.person.value) for member in members}
    return Study(
        header=members[0].header,
        images=tuple(images.values()),
        others=tuple(others.values()),
        quarantine=ReasonCode.TWO_PATIENTS if len(people) > 1 else None,
    )

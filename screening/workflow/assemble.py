"""Assemble studies from described instances, for work that needs no store."""

from __future__ import annotations

from collections.abc import Iterable

from screening.domain.identifiers import FileDigest, SopInstanceUid, StudyInstanceUid
from screening.domain.quality import ReasonCode
from screening.domain.study import Image, StoredObject, Study, exam_key, joined
from screening.workflow.ports import ReadInstance


def assemble(instances: Iterable[ReadInstance]) -> list[Study]:
    """Group instances into exams: by study, and studies of one order together (`exam_key`).

    The same SOP Instance UID counts once, the first. One with other bytes is among the study's other objects as
    DUPLICATE_DIFFERS, as the store would quarantine it. A study that names two patients is quarantined as a whole.
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
    first: dict[SopInstanceUid, Image | StoredObject] = {}
    differing: dict[FileDigest, StoredObject] = {}
    for member in members:
        content = member.content
        kept = first.setdefault(content.sop_instance_uid, content)
        if kept.digest != content.digest:
            differing.setdefault(content.digest, _set_aside(content))
    people = {(member.header.person.issuer, member.header.person.value) for member in members}
    return Study(
        header=members[0].header,
        images=tuple(content for content in first.values() if isinstance(content, Image)),
        others=(*(content for content in first.values() if isinstance(content, StoredObject)), *differing.values()),
        quarantine=ReasonCode.TWO_PATIENTS if len(people) > 1 else None,
    )


def _set_aside(content: Image | StoredObject) -> StoredObject:
    return StoredObject(
        sop_instance_uid=content.sop_instance_uid,
        series_instance_uid=content.series_instance_uid,
        study_instance_uid=content.study_instance_uid,
        sop_class_uid=content.sop_class_uid,
        digest=content.digest,
        reason=ReasonCode.DUPLICATE_DIFFERS,
    )

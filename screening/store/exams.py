"""Studies, their instances, what was refused at the door, and episodes. Decides nothing about reading them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from screening.domain.episode import Episode
from screening.domain.errors import NotFound
from screening.domain.identifiers import EpisodeId, FileDigest, SopInstanceUid, StudyInstanceUid
from screening.domain.quality import ReasonCode
from screening.domain.selftest import is_selftest
from screening.domain.study import Image, Study, StudyHeader, joined
from screening.store.catalogue_table import catalogue_instance
from screening.store.inserts import insert_once
from screening.store.mapping import document_of, episode_of, episode_row, study_of
from screening.store.people import People
from screening.store.tables import (
    EpisodeRecordRow,
    InstanceRow,
    PersonRow,
    QuarantinedInstanceRow,
    RefusalRow,
    StudyRow,
)
from screening.workflow.ports import ReadInstance, Registered


class SqlExams:
    """The `Exams` port over SQL."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._people = People(session)

    def register(self, instance: ReadInstance, at: datetime) -> Registered:
        """Keep an instance; idempotent for the same UID and bytes.

        Other bytes under a known UID are quarantined. A second patient in one study quarantines the whole study.
        """
        known = self._session.scalar(
            select(InstanceRow.digest).where(InstanceRow.sop_instance_uid == instance.content.sop_instance_uid)
        )
        if known is not None:
            return self._register_again(instance, FileDigest(known), at)
        numbers = self._people.participant(instance.header.participant)
        if not self._admit_study(instance.header, numbers, at):
            new = self._quarantine(instance, numbers[1], ReasonCode.TWO_PATIENTS, at)
            return Registered.NEW if new else Registered.KNOWN
        if not self._insert(instance, at):
            return self.register(instance, at)
        if not is_selftest(instance.header.person):
            catalogue_instance(self._session, instance)
        if isinstance(instance.content, Image):
            self._describe_device(instance.content)
        return Registered.NEW

    def refuse(self, digest: FileDigest, reason: ReasonCode, at: datetime) -> None:
        """Keep a refused file with its reason; not its name, which may be a woman's."""
        insert_once(self._session, RefusalRow, digest=digest, reason=reason.value, received_at=at)

    def refusals(self) -> Sequence[tuple[FileDigest, ReasonCode]]:
        """Files kept but not registered, in order of arrival."""
        rows = self._session.scalars(select(RefusalRow).order_by(RefusalRow.arrival))
        return [(FileDigest(row.digest), ReasonCode(row.reason)) for row in rows]

    def quarantined(self) -> Sequence[tuple[FileDigest, ReasonCode, StudyInstanceUid]]:
        """Instances kept aside, in order of arrival."""
        rows = self._session.scalars(select(QuarantinedInstanceRow).order_by(QuarantinedInstanceRow.arrival))
        return [
            (FileDigest(row.digest), ReasonCode(row.reason), StudyInstanceUid(row.study_instance_uid)) for row in rows
        ]

    def study(self, uid: StudyInstanceUid) -> Study:
        """The exam this study belongs to, with everything received for it (`exam_key`). Raises NotFound."""
        row = self._study_row(uid)
        if row is None:
            raise NotFound("no study has this UID")
        return joined([self._one_study(member) for member in self._of_same_exam(row)])

    def arrivals(self, study: Study) -> Mapping[SopInstanceUid, datetime]:
        """When each image of the exam was registered."""
        uids = {image.study_instance_uid for image in study.images}
        rows = self._session.execute(
            select(InstanceRow.sop_instance_uid, InstanceRow.received_at).where(
                InstanceRow.study_instance_uid.in_(uids)
            )
        )
        return {SopInstanceUid(uid): at for uid, at in rows}

    def studies(self) -> Sequence[StudyInstanceUid]:
        """Every study UID, in order of arrival."""
        uids = self._session.scalars(select(StudyRow.study_instance_uid).order_by(StudyRow.arrival))
        return [StudyInstanceUid(uid) for uid in uids]

    def latest_prior(self, study: Study) -> StudyInstanceUid | None:
        """The latest study of the same woman on an earlier date, quarantined ones left out; a self-test has none."""
        person = study.header.person
        person_id = self._people.find(person)
        if not person.value or is_selftest(person) or person_id is None or study.header.study_date is None:
            return None
        found = self._session.scalar(
            select(StudyRow.study_instance_uid)
            .where(StudyRow.person_id == person_id, StudyRow.quarantine.is_(None))
            .where(StudyRow.study_date < study.header.study_date)
            .order_by(StudyRow.study_date.desc(), StudyRow.study_time.desc(), StudyRow.arrival.desc())
            .limit(1)
        )
        return StudyInstanceUid(found) if found is not None else None

    def save_episode(self, episode: Episode) -> None:
        """Insert or update the episode."""
        self._session.merge(episode_row(episode, self._people.person(episode.person)))
        self._session.flush()

    def episode(self, episode: EpisodeId) -> Episode:
        """Raises NotFound."""
        found = self._session.execute(
            select(EpisodeRecordRow, PersonRow)
            .join(PersonRow, EpisodeRecordRow.person_id == PersonRow.id)
            .where(EpisodeRecordRow.episode == episode)
        ).one_or_none()
        if found is None:
            raise NotFound("no episode has this id")
        row, person = found
        return episode_of(row, person)

    def _one_study(self, row: StudyRow) -> Study:
        instances = self._session.scalars(
            select(InstanceRow)
            .where(InstanceRow.study_instance_uid == row.study_instance_uid)
            .order_by(InstanceRow.arrival)
        )
        return study_of(row, self._people.read(row.participant_id), instances)

    def _of_same_exam(self, row: StudyRow) -> Sequence[StudyRow]:
        """The study and those that came under the same order, quarantined ones apart."""
        named = bool(self._people.read(row.participant_id).person.value)
        if not named or not row.accession_number or row.quarantine is not None:
            return [row]
        same_day = StudyRow.study_date == row.study_date if row.study_date else StudyRow.study_date.is_(None)
        return self._session.scalars(
            select(StudyRow)
            .where(StudyRow.person_id == row.person_id, StudyRow.accession_number == row.accession_number)
            .where(same_day, StudyRow.quarantine.is_(None))
        ).all()

    def _study_row(self, uid: StudyInstanceUid) -> StudyRow | None:
        return self._session.scalar(select(StudyRow).where(StudyRow.study_instance_uid == uid))

    def _register_again(self, instance: ReadInstance, known: FileDigest, at: datetime) -> Registered:
        if known == instance.content.digest:
            return Registered.KNOWN
        _person, participant_id = self._people.participant(instance.header.participant)
        self._quarantine(instance, participant_id, ReasonCode.DUPLICATE_DIFFERS, at)
        return Registered.DUPLICATE_DIFFERS

    def _admit_study(self, header: StudyHeader, numbers: tuple[int, int], at: datetime) -> bool:
        """Make sure the study exists; False, and the study quarantined, when it is of another woman."""
        uid = header.study_instance_uid
        insert_once(self._session, StudyRow, **_study_values(header, numbers, at))
        owner = self._session.scalars(select(StudyRow.person_id).where(StudyRow.study_instance_uid == uid)).one()
        if owner == numbers[0]:
            return True
        self._session.execute(
            update(StudyRow).where(StudyRow.study_instance_uid == uid).values(quarantine=ReasonCode.TWO_PATIENTS.value)
        )
        return False

    def _insert(self, instance: ReadInstance, at: datetime) -> bool:
        kind, document = document_of(instance.content)
        return insert_once(
            self._session,
            InstanceRow,
            sop_instance_uid=instance.content.sop_instance_uid,
            study_instance_uid=instance.header.study_instance_uid,
            digest=instance.content.digest,
            kind=kind,
            received_at=at,
            document=document,
        )

    def _quarantine(self, instance: ReadInstance, participant_id: int, reason: ReasonCode, at: datetime) -> bool:
        return insert_once(
            self._session,
            QuarantinedInstanceRow,
            sop_instance_uid=instance.content.sop_instance_uid,
            study_instance_uid=instance.header.study_instance_uid,
            participant_id=participant_id,
            digest=instance.content.digest,
            reason=reason.value,
            received_at=at,
            document=document_of(instance.content)[1],
        )

    def _describe_device(self, image: Image) -> None:
        """Keep device and implant on the study, where audits find them without opening every image."""
        of_study = update(StudyRow).where(StudyRow.study_instance_uid == image.study_instance_uid)
        device = image.device
        self._session.execute(
            of_study.where(StudyRow.manufacturer == "", StudyRow.device_model == "").values(
                manufacturer=device.manufacturer, device_model=device.model, device_software=device.software
            )
        )
        if image.implant_present:
            self._session.execute(of_study.values(implant=True))


def _study_values(header: StudyHeader, numbers: tuple[int, int], at: datetime) -> dict[str, object]:
    person_id, participant_id = numbers
    return {
        "study_instance_uid": header.study_instance_uid,
        "person_id": person_id,
        "participant_id": participant_id,
        "accession_number": header.accession_number,
        "study_date": header.study_date,
        "study_time": header.study_time,
        "institution": header.institution,
        "age_years": header.age_years,
        "study_id": header.study_id,
        "referring_physician": header.referring_physician,
        "received_at": at,
        "quarantine": None,
    }

"""Rows to domain values and back; the only place that knows both.

Values with inner structure go through `documents`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from screening.domain.case import CaseState
from screening.domain.episode import Episode
from screening.domain.events import CaseEvent
from screening.domain.identifiers import (
    CaseId,
    EpisodeId,
    Participant,
    PersonId,
    StudyInstanceUid,
)
from screening.domain.quality import ReasonCode
from screening.domain.report import StructuredReport
from screening.domain.study import Image, StoredObject, Study, StudyHeader
from screening.store.documents import IMAGES, OBJECTIONS, OBJECTS, REPORTS, read_fact
from screening.store.tables import (
    CaseEventRow,
    CaseRow,
    EpisodeRecordRow,
    InstanceRow,
    ParticipantRow,
    PersonRow,
    ReportRow,
    StudyRow,
)
from screening.workflow.ports import CaseSummary

IMAGE: Final = "image"
OBJECT: Final = "object"

_NOBODY: Final = Participant(PersonId("", ""))


def participant_of(person: PersonRow, participant: ParticipantRow) -> Participant:
    """The woman as this source spelled her."""
    return Participant(
        person=PersonId(person.issuer, person.value),
        family=participant.family,
        given=participant.given,
        birth_date=participant.birth_date,
        sex=participant.sex,
    )


def header_of(row: StudyRow, participant: Participant) -> StudyHeader:
    """The study header."""
    return StudyHeader(
        study_instance_uid=StudyInstanceUid(row.study_instance_uid),
        participant=participant,
        accession_number=row.accession_number,
        study_date=row.study_date,
        study_time=row.study_time,
        institution=row.institution,
        age_years=row.age_years,
        study_id=row.study_id,
        referring_physician=row.referring_physician,
    )


def study_of(row: StudyRow, participant: Participant, instances: Iterable[InstanceRow]) -> Study:
    """The study with its instances in order of arrival."""
    contents = [content_of(instance.kind, instance.document) for instance in instances]
    return Study(
        header=header_of(row, participant),
        images=tuple(content for content in contents if isinstance(content, Image)),
        others=tuple(content for content in contents if isinstance(content, StoredObject)),
        quarantine=ReasonCode(row.quarantine) if row.quarantine else None,
    )


def content_of(kind: str, document: str) -> Image | StoredObject:
    """The image or object in a document."""
    return IMAGES.read(document) if kind == IMAGE else OBJECTS.read(document)


def document_of(content: Image | StoredObject) -> tuple[str, str]:
    """Kind and document of an image or object."""
    if isinstance(content, Image):
        return IMAGE, IMAGES.write(content)
    return OBJECT, OBJECTS.write(content)


def episode_of(row: EpisodeRecordRow, person: PersonRow) -> Episode:
    """The episode."""
    return Episode(
        episode=EpisodeId(row.episode),
        person=PersonId(person.issuer, person.value),
        round_number=row.round_number,
        screened_on=row.screened_on,
        unit=row.unit,
        age_years=row.age_years,
        objections=frozenset(OBJECTIONS.read(row.objections)),
    )


def episode_row(episode: Episode, person_id: int) -> EpisodeRecordRow:
    """The row of an episode; the person is a reference."""
    return EpisodeRecordRow(
        episode=episode.episode,
        person_id=person_id,
        round_number=episode.round_number,
        screened_on=episode.screened_on,
        unit=episode.unit,
        age_years=episode.age_years,
        objections=OBJECTIONS.write(sorted(episode.objections)),
    )


def event_row(event: CaseEvent, kind: str, document: str, link: int) -> CaseEventRow:
    """The row of an event: its fact as class name and document, and the number of its link in the ledger."""
    return CaseEventRow(
        case_id=event.case,
        sequence=event.sequence,
        at=event.at,
        actor=event.actor,
        kind=kind,
        document=document,
        link=link,
    )


def event_of(row: CaseEventRow) -> CaseEvent:
    """The event."""
    return CaseEvent(CaseId(row.case_id), row.sequence, row.at, row.actor, read_fact(row.kind, row.document))


def summary_of(row: CaseRow) -> CaseSummary:
    """One worklist line."""
    return CaseSummary(
        case=CaseId(row.case_id),
        study=StudyInstanceUid(row.study_instance_uid),
        episode=EpisodeId(row.episode),
        policy_id=row.policy_id,
        policy_version=row.policy_version,
        state=CaseState(row.state),
        opened_at=row.opened_at,
        updated_at=row.updated_at,
    )


def report_row(report: StructuredReport, participant_id: int) -> ReportRow:
    """The row of a report; its document names nobody."""
    return ReportRow(
        case_id=report.case,
        version=report.version,
        report_id=report.report_id,
        participant_id=participant_id,
        issued=report.issued,
        document=REPORTS.write(replace(report, participant=_NOBODY)),
    )


def report_of(row: ReportRow, participant: Participant) -> StructuredReport:
    """The report with its participant."""
    return replace(REPORTS.read(row.document), participant=participant)

"""Values that store tests keep and read back, and the shortest way to a stored case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from screening.domain import events as ev
from screening.domain.ai_read import AiRead, AiStatus, BreastDensity
from screening.domain.episode import Episode
from screening.domain.identifiers import (
    CaseId,
    EpisodeId,
    FileDigest,
    Participant,
    PersonId,
    SeriesInstanceUid,
    SopInstanceUid,
    StudyInstanceUid,
)
from screening.domain.outcome import Outcome, OutcomeKind
from screening.domain.policy import Policy
from screening.domain.quality import ReasonCode
from screening.domain.report import AiStatement, ReportStatus, StructuredReport
from screening.domain.study import Device, Image, ImageKind, Laterality, StoredObject, StudyHeader, View, ViewModifier
from screening.store.uow import SqlUnits
from screening.workflow.policies import DEFAULT_POLICY, policy_json, shipped_policies
from screening.workflow.ports import ReadInstance

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STUDY = StudyInstanceUid("1.2.3")
EPISODE = EpisodeId("episode-1")
CASE = CaseId("case-1")
WOMAN = Participant(PersonId("HOSPITAL", "1234567"), "Jansen", "Maria", "1960-05-04")
OTHER_WOMAN = Participant(PersonId("HOSPITAL", "7654321"), "de Vries", "Anna", "1962-01-31")


def digest(name: str) -> FileDigest:
    """A digest that looks like one."""
    return FileDigest(name.encode().hex().ljust(64, "0")[:64])


def header(
    study: StudyInstanceUid = STUDY, woman: Participant = WOMAN, day: date | None = date(2026, 3, 2)
) -> StudyHeader:
    """A study header with every field filled."""
    return StudyHeader(study, woman, "ACC-1", day, "0900", "Unit 7", 65, "S1", "Dr. Referrer")


def image(sop: str = "1.2.3.4", study: StudyInstanceUid = STUDY, content: str = "a") -> Image:
    """A right CC image."""
    return Image(
        sop_instance_uid=SopInstanceUid(sop),
        series_instance_uid=SeriesInstanceUid("1.2.3.1"),
        study_instance_uid=study,
        sop_class_uid="1.2.840.10008.5.1.4.1.1.1.2",
        digest=digest(content),
        kind=ImageKind.FFDM,
        laterality=Laterality.RIGHT,
        view=View.CC,
        modifiers=frozenset({ViewModifier.ROLLED, ViewModifier.SPOT_COMPRESSION}),
        rows=3000,
        columns=2000,
        frames=1,
        bits_stored=12,
        row_spacing_mm=0.07,
        column_spacing_mm=0.07,
        device=Device("ACME", "Mammo 1", "2.0", "D1"),
        acquired_at=NOW,
        warnings=(ReasonCode.IMPLANT_PRESENT,),
    )


def other_object(sop: str = "1.2.3.9") -> StoredObject:
    """A dose report."""
    return StoredObject(
        SopInstanceUid(sop),
        SeriesInstanceUid("1.2.3.2"),
        STUDY,
        "1.2.840.10008.5.1.4.1.1.88.67",
        digest("dose"),
        ReasonCode.DOSE_REPORT,
    )


def received(
    content: Image | StoredObject, woman: Participant = WOMAN, day: date | None = date(2026, 3, 2)
) -> ReadInstance:
    """An instance at the door."""
    return ReadInstance(header(content.study_instance_uid, woman, day), content)


def episode(name: EpisodeId = EPISODE, objections: frozenset[ev.Objection] = frozenset()) -> Episode:
    """A first round."""
    return Episode(name, WOMAN.person, 1, date(2026, 3, 2), "Unit 7", 65, objections)


def policy() -> Policy:
    """The policy a new installation starts with."""
    return shipped_policies()[DEFAULT_POLICY]


def opening(study: StudyInstanceUid = STUDY, name: EpisodeId = EPISODE) -> Sequence[ev.Fact]:
    """How every case begins."""
    pinned = policy()
    return [ev.CaseOpened(study, name), ev.PolicyPinned(pinned.id, pinned.version, pinned.digest)]


def open_case(units: SqlUnits, case: CaseId = CASE, at: datetime = NOW) -> None:
    """Store the policy and a case under it."""
    with units() as uow:
        uow.policies.save(policy(), policy_json(DEFAULT_POLICY))
        uow.cases.append(case, 0, "test", at, opening())


def ai_read(density: BreastDensity | None = BreastDensity.C) -> AiRead:
    """A refused AI read."""
    return AiRead(
        study_instance_uid=STUDY,
        status=AiStatus.UNSUPPORTED,
        reasons=(ReasonCode.VIEWS_MISSING,),
        identity=None,
        stratum="",
        calibration_id=None,
        exam_score=None,
        raw_score=None,
        probability=None,
        flagged=False,
        breasts=(),
        regions=(),
        density=density,
        slots=(),
        excluded=(),
        warnings=(),
        prior_used=False,
        input_digests=("d1",),
    )


def report(version: int = 1, comment: str = "Service") -> StructuredReport:
    """A normal report."""
    return StructuredReport(
        report_id="report-1",
        version=version,
        status=ReportStatus.FINAL,
        case=CASE,
        episode=EPISODE,
        participant=WOMAN,
        study_instance_uid=STUDY,
        accession_number="ACC-1",
        study_date=date(2026, 3, 2),
        modality_is_dbt=False,
        images=(),
        outcome=Outcome(OutcomeKind.ROUTINE_RECALL),
        breasts=(),
        density=None,
        readers=(),
        policy="double-human+ai@1",
        ai=AiStatement(None, AiStatus.UNSUPPORTED, None, None, flagged=False),
        issued=NOW,
        organisation=comment,
    )


def other_spelling() -> Participant:
    """The same woman as another source spells her."""
    return replace(WOMAN, family="Janssen")


def other_issuer() -> Participant:
    """Somebody else, to whom another hospital gave the same number."""
    return replace(WOMAN, person=PersonId("ELSEWHERE", WOMAN.person.value))

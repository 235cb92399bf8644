"""Fixed reports, one per outcome and one per kind of correction, with made-up people, ids and times."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from screening.domain.ai_read import AiIdentity, AiStatus, BreastDensity
from screening.domain.identifiers import (
    CaseId,
    EpisodeId,
    Participant,
    PersonId,
    SeriesInstanceUid,
    SopInstanceUid,
    StudyInstanceUid,
)
from screening.domain.opinion import (
    BiRads,
    BreastOpinion,
    CalcificationDistribution,
    CalcificationMorphology,
    Depth,
    Finding,
    FindingType,
    ImageLocation,
    Margin,
    MassDensity,
    Quadrant,
    Shape,
    TechnicalFault,
    TechnicalReason,
)
from screening.domain.outcome import Flagger, Outcome, OutcomeKind
from screening.domain.report import AiStatement, ImageReference, ReaderRole, ReportStatus, StructuredReport
from screening.domain.study import Laterality, Slot

LABEL = "phantom-trained, not for clinical use"
IDENTITY = AiIdentity(
    model="mammo-baseline",
    version="0.1.0",
    weights_sha256="ab" * 32,
    preprocessing="ffdm-1",
    preprocessing_sha256="cd" * 32,
    engine="torch",
    precision="float32",
    runtime="cpu",
    label=LABEL,
)
AI = AiStatement(IDENTITY, AiStatus.OK, "cal-2026-01", 9, flagged=True)
READ_AT = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
_IMAGES = tuple(
    ImageReference(
        SopInstanceUid(f"1.2.826.0.1.3680043.9.1.{number}"),
        SeriesInstanceUid(f"1.2.826.0.1.3680043.9.2.{number}"),
        StudyInstanceUid("1.2.826.0.1.3680043.9.3.1"),
        "1.2.840.10008.5.1.4.1.1.1.2",
    )
    for number in range(1, 5)
)

MASS = Finding(
    FindingType.MASS,
    Laterality.RIGHT,
    size_mm=12.5,
    clock=10,
    quadrant=Quadrant.UPPER_OUTER,
    depth=Depth.MIDDLE,
    shape=Shape.IRREGULAR,
    margin=Margin.SPICULATED,
    density=MassDensity.HIGH,
    category=BiRads.HIGHLY_SUGGESTIVE,
    locations=(
        ImageLocation(_IMAGES[0].sop_instance_uid, 1024.0, 880.5, 1216.0, 1101.25),
        ImageLocation(_IMAGES[2].sop_instance_uid, 900.0, 750.0, 1100.0, 960.0, frame=17),
    ),
    comment="new since the prior round <2024>",
)
CALCIFICATIONS = Finding(
    FindingType.CALCIFICATION,
    Laterality.LEFT,
    morphology=CalcificationMorphology.FINE_PLEOMORPHIC,
    distribution=CalcificationDistribution.SEGMENTAL,
)

ROUTINE = StructuredReport(
    report_id="rep-0001",
    version=1,
    status=ReportStatus.FINAL,
    case=CaseId("case-1"),
    episode=EpisodeId("ep-1"),
    participant=Participant(PersonId("NLMINBIZA", "999990019"), "Voorbeeld-Proef", "Wilhelmina", "1965-03-09"),
    study_instance_uid=StudyInstanceUid("1.2.826.0.1.3680043.9.3.1"),
    accession_number="ACC0001",
    study_date=date(2026, 11, 17),
    modality_is_dbt=False,
    images=_IMAGES,
    outcome=Outcome(OutcomeKind.ROUTINE_RECALL, flagged_by=(Flagger.AI,), arbitrated=True),
    breasts=(),
    density=BreastDensity.B,
    readers=(ReaderRole("first", READ_AT), ReaderRole("second", READ_AT.replace(hour=11))),
    policy="double-human+ai@1",
    ai=AI,
    issued=datetime(2026, 11, 18, 12, 0, 0, 250000, tzinfo=UTC),
    organisation="Screening unit East",
)
_RIGHT = BreastOpinion(Laterality.RIGHT, BiRads.HIGHLY_SUGGESTIVE, (MASS,))
_LEFT = BreastOpinion(Laterality.LEFT, BiRads.INCOMPLETE, (CALCIFICATIONS,))
RECALL = replace(
    ROUTINE,
    report_id="rep-0002",
    outcome=Outcome(
        OutcomeKind.RECALL_FOR_ASSESSMENT,
        breasts=(_RIGHT, _LEFT),
        flagged_by=(Flagger.FIRST_READER, Flagger.AI),
        arbitrated=True,
    ),
    breasts=(_RIGHT, _LEFT),
    readers=(*ROUTINE.readers, ReaderRole("arbiter", READ_AT.replace(hour=11, minute=50))),
    modality_is_dbt=True,
)
TECHNICAL = replace(
    ROUTINE,
    report_id="rep-0003",
    outcome=Outcome(
        OutcomeKind.TECHNICAL_RECALL,
        technical=(
            TechnicalFault(Slot.LMLO, TechnicalReason.POSITIONING),
            TechnicalFault(Slot.RCC, TechnicalReason.MOTION),
        ),
        standing_recall=(BreastOpinion(Laterality.LEFT, BiRads.SUSPICIOUS),),
    ),
    density=None,
    ai=AiStatement(IDENTITY, AiStatus.UNCALIBRATED, None, None, flagged=False),
    no_sharing=True,
)
NO_RESULT = replace(
    ROUTINE,
    report_id="rep-0004",
    participant=Participant(PersonId("", "W-17")),
    accession_number="",
    study_date=None,
    images=(),
    outcome=Outcome(OutcomeKind.NO_RESULT, reason="withdrawn at the woman's request"),
    density=None,
    readers=(),
    ai=AiStatement(None, AiStatus.OBJECTED, None, None, flagged=False),
)
AMENDED = replace(
    ROUTINE, report_id=RECALL.report_id, version=2, status=ReportStatus.AMENDED, supersedes=1, modality_is_dbt=True
)
WITHDRAWN = replace(RECALL, version=2, status=ReportStatus.ENTERED_IN_ERROR, supersedes=1)

REPORTS: dict[str, StructuredReport] = {
    "routine": ROUTINE,
    "recall": RECALL,
    "technical": TECHNICAL,
    "no-result": NO_RESULT,
    "amended": AMENDED,
    "withdrawn": WITHDRAWN,
}
"""Every example by name."""

"""Made-up studies and AI reads for the tests of this folder; every woman here is invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from screening.domain.ai_read import AiIdentity, AiRead, AiStatus, BreastDensity, BreastScore, Region, SlotFill
from screening.domain.identifiers import (
    FileDigest,
    Participant,
    PersonId,
    SeriesInstanceUid,
    SopInstanceUid,
    StudyInstanceUid,
)
from screening.domain.opinion import FindingType, ImageLocation
from screening.domain.quality import Exclusion, ReasonCode
from screening.domain.study import Device, Image, ImageKind, Laterality, Slot, Study, StudyHeader, View

STUDY_UID = StudyInstanceUid("1.2.826.0.1.3680043.8.498.1")
AT = datetime(2026, 3, 2, 10, 15, 30, tzinfo=UTC)
MG_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.2"

HEADER = StudyHeader(
    study_instance_uid=STUDY_UID,
    participant=Participant(PersonId("NHS", "999 000 1234"), "Bäcker", "Zoë Ann", "1961-07-14"),
    accession_number="A-77",
    study_date=date(2026, 3, 2),
    study_time="091500",
    institution="Unit Noord",
    age_years=64,
    study_id="S1",
    referring_physician="Jansen^P",
)

IDENTITY = AiIdentity(
    model="phantom-mg",
    version="0.3.0",
    weights_sha256="ab" * 32,
    preprocessing="mg2d-1",
    preprocessing_sha256="cd" * 32,
    engine="torch",
    precision="float32",
    runtime="torch 2.13 cpu",
    label="phantom-trained, not for clinical use",
)


def uid_of(slot: Slot) -> SopInstanceUid:
    """The SOP Instance UID that the sample study gives this slot."""
    return SopInstanceUid(f"{STUDY_UID}.2.{list(Slot).index(slot) + 1}")


def image(slot: Slot) -> Image:
    """A plain FFDM image of the slot, 2800 rows of 2000 columns, 0.1 mm."""
    return Image(
        sop_instance_uid=uid_of(slot),
        series_instance_uid=SeriesInstanceUid(f"{STUDY_UID}.1.{list(Slot).index(slot) // 2}"),
        study_instance_uid=STUDY_UID,
        sop_class_uid=MG_PRESENTATION,
        digest=FileDigest("00" * 32),
        kind=ImageKind.FFDM,
        laterality=slot.laterality,
        view=slot.view,
        modifiers=frozenset(),
        rows=2800,
        columns=2000,
        frames=1,
        bits_stored=12,
        row_spacing_mm=0.1,
        column_spacing_mm=0.1,
        device=Device("Vendor", "Model", "1.0"),
        acquired_at=datetime(2026, 3, 2, 9, 20),  # noqa: DTZ001
    )


STUDY = Study(HEADER, tuple(image(slot) for slot in Slot))

EXTRA = replace(image(Slot.LCC), sop_instance_uid=SopInstanceUid(f"{STUDY_UID}.2.9"), view=View.OTHER)
"""A fifth image, of a view nobody scores."""

STUDY_WITH_EXTRA = Study(HEADER, (*STUDY.images, EXTRA))
EXTRA_REFUSED = (Exclusion(EXTRA.sop_instance_uid, ReasonCode.VIEW_NOT_STANDARD),)


def region(
    slot: Slot = Slot.RMLO, kind: FindingType = FindingType.MASS, box: tuple[float, ...] = (400, 900, 600, 1150)
) -> Region:
    """A mark on the image of the slot."""
    x0, y0, x1, y1 = box
    return Region(ImageLocation(uid_of(slot), x0, y0, x1, y1), slot.laterality, slot, 0.62, 0.034, kind)


OK_READ = AiRead(
    study_instance_uid=STUDY_UID,
    status=AiStatus.OK,
    reasons=(),
    identity=IDENTITY,
    stratum="vendor|model",
    calibration_id="cal-2026-02",
    exam_score=9,
    raw_score=0.62,
    probability=0.034,
    flagged=True,
    breasts=(
        BreastScore(Laterality.RIGHT, 0.62, 0.034, BreastDensity.C),
        BreastScore(Laterality.LEFT, 0.08, 0.001, BreastDensity.B),
    ),
    regions=(region(), region(Slot.RCC, FindingType.CALCIFICATION, (120, 300, 180, 380))),
    density=BreastDensity.C,
    slots=tuple(SlotFill(slot, uid_of(slot)) for slot in Slot),
    excluded=(),
    warnings=(),
    prior_used=False,
    input_digests=("00" * 32,),
)

NEGATIVE_READ = replace(OK_READ, exam_score=2, raw_score=0.05, probability=0.001, flagged=False, regions=())
PARTIAL_READ = replace(OK_READ, excluded=EXTRA_REFUSED)


def no_read(status: AiStatus, *reasons: ReasonCode) -> AiRead:
    """A run that is no read; an uncalibrated one keeps raw scores and marks, as the domain allows."""
    kept = OK_READ.regions if status is AiStatus.UNCALIBRATED else ()
    bare = tuple(replace(score, probability=None) for score in OK_READ.breasts)
    return replace(
        OK_READ,
        status=status,
        reasons=reasons,
        calibration_id=None,
        exam_score=None,
        raw_score=0.62 if status is AiStatus.UNCALIBRATED else None,
        probability=None,
        flagged=False,
        breasts=bare if status is AiStatus.UNCALIBRATED else (),
        regions=tuple(replace(mark, probability=None) for mark in kept),
    )


UNCALIBRATED = no_read(AiStatus.UNCALIBRATED, ReasonCode.STRATUM_UNCALIBRATED)
FAILED = no_read(AiStatus.FAILED, ReasonCode.MODEL_FAILED)
OBJECTED = replace(no_read(AiStatus.OBJECTED, ReasonCode.OBJECTED), identity=None)

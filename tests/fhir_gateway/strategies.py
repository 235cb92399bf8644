"""Hypothesis strategies for structured reports: every outcome, any descriptors, hostile free text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from hypothesis import strategies as st

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
    RECALL_CATEGORIES,
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

free_text = st.text(max_size=40) | st.sampled_from(["", " ", "<b>&\"'", "a|b,c$d\\e", "é\x00\x1f\ud800", "{name}"])
"""Anything a person or a foreign system can write."""

_word = st.text("abcdefghijklmnopqrstuvwxyz0123456789-|,$ ", min_size=1, max_size=20).filter(lambda t: bool(t.strip()))
_uid = st.lists(st.integers(0, 99999), min_size=1, max_size=6).map(lambda parts: ".".join(["1.2", *map(str, parts)]))
_moment = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - zone above
_recalling = st.sampled_from(sorted(RECALL_CATEGORIES))
_category = st.sampled_from(BiRads)

_image = st.builds(
    ImageReference,
    _uid.map(SopInstanceUid),
    _uid.map(SeriesInstanceUid),
    _uid.map(StudyInstanceUid),
    st.just("1.2.840.10008.5.1.4.1.1.1.2"),
)
_corner = st.floats(0, 8192, allow_nan=False).map(lambda value: round(value, 3))


def _locations(images: tuple[ImageReference, ...]) -> st.SearchStrategy[tuple[ImageLocation, ...]]:
    if not images:
        return st.just(())
    uids = st.sampled_from([image.sop_instance_uid for image in images])
    frame = st.none() | st.integers(1, 120)
    return st.lists(st.builds(ImageLocation, uids, _corner, _corner, _corner, _corner, frame), max_size=3).map(tuple)


def findings(side: Laterality, images: tuple[ImageReference, ...]) -> st.SearchStrategy[Finding]:
    """Lesions of one breast, marked only on the report's own images."""
    return st.builds(
        Finding,
        st.sampled_from(FindingType),
        st.just(side),
        size_mm=st.none() | st.floats(0.1, 300).map(lambda value: round(value, 2)),
        clock=st.none() | st.integers(1, 12),
        quadrant=st.none() | st.sampled_from(Quadrant),
        depth=st.none() | st.sampled_from(Depth),
        shape=st.none() | st.sampled_from(Shape),
        margin=st.none() | st.sampled_from(Margin),
        density=st.none() | st.sampled_from(MassDensity),
        morphology=st.none() | st.sampled_from(CalcificationMorphology),
        distribution=st.none() | st.sampled_from(CalcificationDistribution),
        category=st.none() | _category,
        locations=_locations(images),
        comment=free_text,
    )


@st.composite
def _breasts(draw: st.DrawFn, images: tuple[ImageReference, ...], kind: OutcomeKind) -> tuple[BreastOpinion, ...]:
    recall = kind is OutcomeKind.RECALL_FOR_ASSESSMENT
    sides = draw(st.lists(st.sampled_from(Laterality), unique=True, min_size=1 if recall else 0))
    first = _recalling if recall else _category
    return tuple(
        BreastOpinion(
            side, draw(_category if number else first), tuple(draw(st.lists(findings(side, images), max_size=2)))
        )
        for number, side in enumerate(sides)
    )


@st.composite
def outcomes(draw: st.DrawFn, kind: OutcomeKind, breasts: tuple[BreastOpinion, ...]) -> Outcome:
    """An outcome of this kind over these breasts."""
    fault = st.builds(TechnicalFault, st.sampled_from(Slot), st.sampled_from(TechnicalReason))
    technical = draw(st.lists(fault, min_size=1, max_size=4)) if kind is OutcomeKind.TECHNICAL_RECALL else []
    standing = draw(st.lists(st.builds(BreastOpinion, st.sampled_from(Laterality), _recalling), max_size=2))
    return Outcome(
        kind,
        breasts if kind is OutcomeKind.RECALL_FOR_ASSESSMENT else (),
        tuple(technical),
        tuple(draw(st.lists(st.sampled_from(Flagger), unique=True))),
        draw(st.booleans()),
        tuple(standing) if technical else (),
        draw(free_text),
    )


_identity = st.builds(AiIdentity, *([free_text] * 8), label=_word)


@st.composite
def ai_statements(draw: st.DrawFn) -> AiStatement:
    """What AI did: a scored read with reader, label and calibration, or a refusal that may name its reader."""
    status = draw(st.none() | st.sampled_from(AiStatus))
    if status is not AiStatus.OK:
        return AiStatement(draw(st.none() | _identity), status, None, None, flagged=False)
    return AiStatement(draw(_identity), status, draw(_word), draw(st.integers(1, 10)), draw(st.booleans()))


_participant = st.builds(
    Participant,
    st.builds(PersonId, free_text, _word),
    family=free_text,
    given=free_text,
    birth_date=st.just("") | st.dates(date(1900, 1, 1), date(2010, 1, 1)).map(date.isoformat),
    sex=st.sampled_from(["F", "M", "O", ""]),
)


@st.composite
def reports(draw: st.DrawFn) -> StructuredReport:
    """Any report the service can compose."""
    kind = draw(st.sampled_from(OutcomeKind))
    images = tuple(draw(st.lists(_image, max_size=5, unique_by=lambda image: image.sop_instance_uid)))
    breasts = draw(_breasts(images, kind))
    status = draw(st.sampled_from(ReportStatus))
    version = 1 if status is ReportStatus.FINAL else draw(st.integers(2, 9))
    role = st.sampled_from(["first", "second", "extra", "arbiter", "panel chair"])
    report = StructuredReport(
        report_id=draw(_word),
        version=version,
        status=status,
        case=CaseId("case-1"),
        episode=EpisodeId("ep-1"),
        participant=draw(_participant),
        study_instance_uid=StudyInstanceUid(draw(_uid)),
        accession_number=draw(free_text),
        study_date=draw(st.none() | st.dates()),
        modality_is_dbt=draw(st.booleans()),
        images=images,
        outcome=draw(outcomes(kind, breasts)),
        breasts=breasts,
        density=draw(st.none() | st.sampled_from(BreastDensity)),
        readers=tuple(draw(st.lists(st.builds(ReaderRole, role, _moment), max_size=4))),
        policy=draw(free_text),
        ai=draw(ai_statements()),
        issued=draw(_moment),
        organisation=draw(_word),
        no_sharing=draw(st.booleans()),
    )
    return report if version == 1 else replace(report, supersedes=version - 1)

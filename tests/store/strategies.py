"""Hypothesis strategies for domain values with rules of their own; everything else is built from its annotations."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from screening.domain.ai_read import AiIdentity, AiRead, AiStatus, BreastScore, Region, Timing
from screening.domain.opinion import (
    RECALL_CATEGORIES,
    BiRads,
    BreastOpinion,
    Finding,
    ImageLocation,
    Opinion,
    OpinionKind,
    TechnicalFault,
)
from screening.domain.quality import Exclusion, ReasonCode
from screening.domain.report import StructuredReport
from screening.domain.study import Image, Laterality

texts = st.text(max_size=12)
uids = st.from_regex(r"1(\.[1-9][0-9]{0,4}){2,5}", fullmatch=True)
numbers = st.floats(allow_nan=False, allow_infinity=False)
scores = st.floats(0, 1)
locations = st.builds(ImageLocation, uids, numbers, numbers, numbers, numbers, st.none() | st.integers(1, 90))


def few(values: st.SearchStrategy[object], most: int = 3) -> st.SearchStrategy[tuple[object, ...]]:
    """A short tuple."""
    return st.lists(values, max_size=most).map(tuple)


@st.composite
def findings(draw: st.DrawFn, side: Laterality) -> Finding:
    """A finding in this breast."""
    return draw(
        st.builds(
            Finding,
            laterality=st.just(side),
            size_mm=st.none() | st.floats(0.1, 300),
            clock=st.none() | st.integers(1, 12),
            locations=few(locations, 2),
            comment=texts,
        )
    )


@st.composite
def breast_opinions(draw: st.DrawFn, side: Laterality, categories: frozenset[BiRads]) -> BreastOpinion:
    """An opinion on this breast with one of these categories."""
    category = draw(st.sampled_from(sorted(categories)))
    return BreastOpinion(side, category, tuple(draw(st.lists(findings(side), max_size=2))))


@st.composite
def opinions(draw: st.DrawFn) -> Opinion:
    """Any opinion that can exist."""
    kind = draw(st.sampled_from(OpinionKind))
    allowed = {
        OpinionKind.NORMAL: frozenset(BiRads) - RECALL_CATEGORIES,
        OpinionKind.TECHNICAL_RECALL: frozenset(BiRads),
        OpinionKind.RECALL: RECALL_CATEGORIES,
    }[kind]
    least = 1 if kind is OpinionKind.RECALL else 0
    sides = draw(st.lists(st.sampled_from(Laterality), unique=True, min_size=least, max_size=2))
    breasts = tuple(draw(breast_opinions(side, allowed)) for side in sides)
    faults = st.lists(st.builds(TechnicalFault), min_size=1, max_size=2)
    technical = tuple(draw(faults)) if kind is OpinionKind.TECHNICAL_RECALL else ()
    return Opinion(kind, breasts, technical, draw(texts))


@st.composite
def ai_reads(draw: st.DrawFn) -> AiRead:
    """Any AI read that can exist."""
    status = draw(st.sampled_from(AiStatus))
    usable = status is AiStatus.OK
    return draw(
        st.builds(
            AiRead,
            study_instance_uid=uids,
            status=st.just(status),
            reasons=few(st.sampled_from(ReasonCode)),
            identity=st.none() | st.builds(AiIdentity, *[texts] * 9),
            calibration_id=texts if usable else st.none() | texts,
            exam_score=st.integers(1, 10) if usable else st.none(),
            raw_score=st.none() | scores,
            probability=st.none() | scores,
            flagged=st.booleans() if usable else st.just(value=False),
            breasts=few(st.builds(BreastScore, raw_score=scores, probability=st.none() | scores)),
            regions=few(st.builds(Region, location=locations, raw_score=scores, probability=st.none() | scores)),
            excluded=few(st.builds(Exclusion)),
            warnings=few(st.builds(Exclusion)),
            input_digests=few(texts),
            timing=st.none() | st.builds(Timing, *[scores] * 4),
        )
    )


@st.composite
def any_breast_opinion(draw: st.DrawFn) -> BreastOpinion:
    """An opinion on either breast."""
    return draw(breast_opinions(draw(st.sampled_from(Laterality)), frozenset(BiRads)))


images = st.builds(
    Image, row_spacing_mm=st.none() | st.floats(0.01, 1), column_spacing_mm=st.none() | st.floats(0.01, 1)
)
reports = st.builds(StructuredReport)


def register() -> None:
    """Tell Hypothesis how to build the values that annotations alone would build wrongly."""
    st.register_type_strategy(str, texts)
    st.register_type_strategy(float, numbers)
    st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))
    st.register_type_strategy(Opinion, opinions())
    st.register_type_strategy(BreastOpinion, any_breast_opinion())

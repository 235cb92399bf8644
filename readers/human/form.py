"""The form a human read is entered on: strictly validated, then turned into a domain opinion.

Used by the JSON API, the command line and (later) the reading page, so that one form has one meaning. Unknown fields
and coerced types are refused: a clinical decision is never guessed from almost-right input.
"""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from screening.domain import opinion as op
from screening.domain.events import Author
from screening.domain.identifiers import ReaderId, ReadId, SopInstanceUid
from screening.domain.study import Laterality, Slot

E = TypeVar("E")
Choice = Annotated[E, Field(strict=False)]
"""An enumeration given by its value; everything else stays strict."""

Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w.@-]+$")]
"""Account or registration number."""

Text = Annotated[str, Field(max_length=4000)]
"""Free text of a reader."""


class Form(BaseModel):
    """Strict base: no unknown fields, no coercion."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class LocationForm(Form):
    """A box on one stored image, in stored pixels (origin top left corner, x along columns)."""

    sop_instance_uid: Annotated[str, Field(max_length=64, pattern=r"^[0-9.]+$")]
    x0: Annotated[float, Field(ge=0)]
    y0: Annotated[float, Field(ge=0)]
    x1: Annotated[float, Field(ge=0)]
    y1: Annotated[float, Field(ge=0)]
    frame: Annotated[int, Field(ge=1)] | None = None

    def to_domain(self) -> op.ImageLocation:
        """The location as a domain value."""
        return op.ImageLocation(SopInstanceUid(self.sop_instance_uid), self.x0, self.y0, self.x1, self.y1, self.frame)


class FindingForm(Form):
    """One lesion in the words of the BI-RADS lexicon; what is not stated stays unknown."""

    type: Choice[op.FindingType]
    size_mm: Annotated[float, Field(gt=0, le=300)] | None = None
    clock: Annotated[int, Field(ge=1, le=12)] | None = None
    quadrant: Choice[op.Quadrant] | None = None
    depth: Choice[op.Depth] | None = None
    shape: Choice[op.Shape] | None = None
    margin: Choice[op.Margin] | None = None
    density: Choice[op.MassDensity] | None = None
    morphology: Choice[op.CalcificationMorphology] | None = None
    distribution: Choice[op.CalcificationDistribution] | None = None
    category: Annotated[int, Field(ge=0, le=6)] | None = None
    locations: Annotated[list[LocationForm], Field(max_length=20)] = []
    comment: Text = ""

    def to_domain(self, side: Laterality) -> op.Finding:
        """The finding in this breast."""
        return op.Finding(
            type=self.type,
            laterality=side,
            size_mm=self.size_mm,
            clock=self.clock,
            quadrant=self.quadrant,
            depth=self.depth,
            shape=self.shape,
            margin=self.margin,
            density=self.density,
            morphology=self.morphology,
            distribution=self.distribution,
            category=None if self.category is None else op.BiRads(self.category),
            locations=tuple(location.to_domain() for location in self.locations),
            comment=self.comment,
        )


class BreastForm(Form):
    """BI-RADS category 0-6 and findings of one breast."""

    category: Annotated[int, Field(ge=0, le=6)]
    findings: Annotated[list[FindingForm], Field(max_length=50)] = []

    def to_domain(self, side: Laterality) -> op.BreastOpinion:
        """The opinion on this side."""
        findings = tuple(finding.to_domain(side) for finding in self.findings)
        return op.BreastOpinion(side, op.BiRads(self.category), findings)


class RepeatForm(Form):
    """One view to repeat, and why."""

    view: Choice[Slot]
    reason: Choice[op.TechnicalReason]


class OpinionForm(Form):
    """An opinion: `normal`, `recall` with at least one breast, or `technical_recall` with at least one view."""

    opinion: Choice[op.OpinionKind]
    right: BreastForm | None = None
    left: BreastForm | None = None
    repeat: Annotated[list[RepeatForm], Field(max_length=4)] = []
    comment: Text = ""

    def to_opinion(self) -> op.Opinion:
        """The opinion. Raises IncompleteOpinion when its kind demands more than was given."""
        sides = ((Laterality.RIGHT, self.right), (Laterality.LEFT, self.left))
        return op.Opinion(
            kind=self.opinion,
            breasts=tuple(form.to_domain(side) for side, form in sides if form is not None),
            technical=tuple(op.TechnicalFault(item.view, item.reason) for item in self.repeat),
            comment=self.comment,
        )


class ReaderForm(Form):
    """A reader: account, and the registration number that ties accounts to one person."""

    reader: Name
    registration: Name

    def to_author(self) -> Author:
        """The author."""
        return Author(ReaderId(self.reader), self.registration)


class ReadForm(OpinionForm):
    """A signed read; `replaces` is the own read it corrects, `seconds` the time it took."""

    author: ReaderForm
    replaces: Name | None = None
    seconds: Annotated[float, Field(ge=0, le=86_400)] | None = None

    @property
    def corrected(self) -> ReadId | None:
        """Id of the read this one corrects."""
        return ReadId(self.replaces) if self.replaces else None


class ArbitrationForm(OpinionForm):
    """The third decision, with its authors and the reason in words."""

    authors: Annotated[list[ReaderForm], Field(min_length=1, max_length=9)]
    reason: Annotated[str, Field(min_length=1, max_length=4000)]

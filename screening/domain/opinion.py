"""Opinions: what one reader says about a case, in the programme's words (BI-RADS 5th edition lexicon)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from screening.domain.errors import IncompleteOpinion
from screening.domain.identifiers import SopInstanceUid
from screening.domain.study import Laterality, Slot


class OpinionKind(StrEnum):
    """Top-level opinion of a read."""

    NORMAL = "normal"
    TECHNICAL_RECALL = "technical_recall"
    RECALL = "recall"


class BiRads(IntEnum):
    """BI-RADS assessment category 0-6; a programme uses a subset (its policy says which)."""

    INCOMPLETE = 0
    NEGATIVE = 1
    BENIGN = 2
    PROBABLY_BENIGN = 3
    SUSPICIOUS = 4
    HIGHLY_SUGGESTIVE = 5
    KNOWN_MALIGNANCY = 6


SEVERITY: tuple[BiRads, ...] = (
    BiRads.NEGATIVE,
    BiRads.BENIGN,
    BiRads.PROBABLY_BENIGN,
    BiRads.INCOMPLETE,
    BiRads.SUSPICIOUS,
    BiRads.HIGHLY_SUGGESTIVE,
    BiRads.KNOWN_MALIGNANCY,
)
"""Order of concern; category 0 stands between 2/3 and 4 (Dutch programme, reference/fhir-hl7 4.1)."""


def worst(categories: tuple[BiRads, ...]) -> BiRads:
    """The category of most concern; `categories` must not be empty.

    >>> worst((BiRads.BENIGN, BiRads.INCOMPLETE)).name
    'INCOMPLETE'
    """
    return max(categories, key=SEVERITY.index)


class FindingType(StrEnum):
    """Kind of lesion on a mammogram."""

    MASS = "mass"
    CALCIFICATION = "calcification"
    ARCHITECTURAL_DISTORTION = "architectural_distortion"
    ASYMMETRY = "asymmetry"
    FOCAL_ASYMMETRY = "focal_asymmetry"
    MASS_WITH_CALCIFICATION = "mass_with_calcification"
    LYMPH_NODE = "lymph_node"
    SKIN_LESION = "skin_lesion"


class Shape(StrEnum):
    """Mass shape."""

    OVAL = "oval"
    ROUND = "round"
    IRREGULAR = "irregular"


class Margin(StrEnum):
    """Mass margin."""

    CIRCUMSCRIBED = "circumscribed"
    OBSCURED = "obscured"
    MICROLOBULATED = "microlobulated"
    INDISTINCT = "indistinct"
    SPICULATED = "spiculated"


class MassDensity(StrEnum):
    """Mass density relative to glandular tissue."""

    HIGH = "high"
    EQUAL = "equal"
    LOW = "low"
    FAT = "fat"


class CalcificationMorphology(StrEnum):
    """Calcification morphology."""

    AMORPHOUS = "amorphous"
    COARSE_HETEROGENEOUS = "coarse_heterogeneous"
    FINE_PLEOMORPHIC = "fine_pleomorphic"
    FINE_LINEAR = "fine_linear"
    FINE_LINEAR_BRANCHING = "fine_linear_branching"
    VASCULAR = "vascular"
    ROUND = "round"
    PUNCTATE = "punctate"
    DYSTROPHIC = "dystrophic"
    RIM = "rim"


class CalcificationDistribution(StrEnum):
    """Calcification distribution."""

    DIFFUSE = "diffuse"
    REGIONAL = "regional"
    GROUPED = "grouped"
    LINEAR = "linear"
    SEGMENTAL = "segmental"


class Quadrant(StrEnum):
    """Location within the breast."""

    UPPER_OUTER = "upper_outer"
    UPPER_INNER = "upper_inner"
    LOWER_OUTER = "lower_outer"
    LOWER_INNER = "lower_inner"
    SUBAREOLAR = "subareolar"
    CENTRAL = "central"
    AXILLARY_TAIL = "axillary_tail"


class Depth(StrEnum):
    """Depth from nipple to chest wall."""

    ANTERIOR = "anterior"
    MIDDLE = "middle"
    POSTERIOR = "posterior"


@dataclass(frozen=True)
class ImageLocation:
    """A box on one stored image, in stored pixel coordinates.

    Origin is the top-left corner of the top-left pixel, x along columns, y along rows (PS3.3 C.18.6.1.2);
    `frame` is the 1-based frame number of a multi-frame image.
    """

    sop_instance_uid: SopInstanceUid
    x0: float
    y0: float
    x1: float
    y1: float
    frame: int | None = None


@dataclass(frozen=True)
class Finding:
    """One lesion: type, where, how large, how it looks, how suspicious. Unknown descriptors stay None."""

    type: FindingType
    laterality: Laterality
    size_mm: float | None = None
    clock: int | None = None
    quadrant: Quadrant | None = None
    depth: Depth | None = None
    shape: Shape | None = None
    margin: Margin | None = None
    density: MassDensity | None = None
    morphology: CalcificationMorphology | None = None
    distribution: CalcificationDistribution | None = None
    category: BiRads | None = None
    locations: tuple[ImageLocation, ...] = ()
    comment: str = ""

    def __post_init__(self) -> None:
        if self.clock is not None and not 1 <= self.clock <= 12:
            raise IncompleteOpinion("a clock position is an hour from 1 to 12")
        if self.size_mm is not None and not 0 < self.size_mm <= 300:
            raise IncompleteOpinion("a lesion size is given in millimetres, above 0 and at most 300")


@dataclass(frozen=True)
class BreastOpinion:
    """Category and findings of one breast."""

    laterality: Laterality
    category: BiRads
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        if any(finding.laterality is not self.laterality for finding in self.findings):
            raise IncompleteOpinion("a finding lies in the breast it is listed under")


class TechnicalReason(StrEnum):
    """Why a view must be repeated."""

    POSITIONING = "positioning"
    MOTION = "motion"
    EXPOSURE = "exposure"
    COMPRESSION = "compression"
    ARTEFACT = "artefact"
    EQUIPMENT = "equipment"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True)
class TechnicalFault:
    """One view that must be repeated, and why."""

    slot: Slot
    reason: TechnicalReason


@dataclass(frozen=True)
class Opinion:
    """One reader's opinion on a case.

    A recall names at least one breast with a recalling category; a technical recall names at least one view;
    anything less cannot be built, so that discordance never fails open on missing detail.
    """

    kind: OpinionKind
    breasts: tuple[BreastOpinion, ...] = ()
    technical: tuple[TechnicalFault, ...] = ()
    comment: str = ""

    def __post_init__(self) -> None:
        sides = [breast.laterality for breast in self.breasts]
        if len(sides) != len(set(sides)):
            raise IncompleteOpinion("each breast is listed once")
        check = {
            OpinionKind.NORMAL: self._check_normal,
            OpinionKind.TECHNICAL_RECALL: self._check_technical,
            OpinionKind.RECALL: self._check_recall,
        }
        check[self.kind]()

    def _check_normal(self) -> None:
        if self.technical:
            raise IncompleteOpinion("a normal opinion names no view to repeat")
        if any(breast.category in RECALL_CATEGORIES for breast in self.breasts):
            raise IncompleteOpinion("a normal opinion has no category that recalls")

    def _check_technical(self) -> None:
        if not self.technical:
            raise IncompleteOpinion("a technical recall names the views to repeat and why")

    def _check_recall(self) -> None:
        if not self.recalled:
            raise IncompleteOpinion("a recall names the breast and a category that recalls")

    @property
    def recalled(self) -> tuple[BreastOpinion, ...]:
        """The breasts that this opinion recalls."""
        return tuple(breast for breast in self.breasts if breast.category in RECALL_CATEGORIES)

    @property
    def views_to_repeat(self) -> frozenset[Slot]:
        """The views that a technical recall asks for."""
        return frozenset(fault.slot for fault in self.technical)

    @property
    def worst_category(self) -> BiRads | None:
        """The category of most concern over both breasts, None when no breast is listed."""
        return worst(tuple(breast.category for breast in self.breasts)) if self.breasts else None


RECALL_CATEGORIES: frozenset[BiRads] = frozenset(
    {BiRads.INCOMPLETE, BiRads.PROBABLY_BENIGN, BiRads.SUSPICIOUS, BiRads.HIGHLY_SUGGESTIVE, BiRads.KNOWN_MALIGNANCY}
)
"""Categories that can recall; a policy narrows them (NL: 0, 4, 5)."""

NORMAL = Opinion(OpinionKind.NORMAL)
"""The plain normal opinion."""

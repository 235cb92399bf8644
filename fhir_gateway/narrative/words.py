"""The catalogue of words: every value of the domain that a report can name, in English and Dutch.

One table per enumeration, because values of different enumerations compare equal as strings. Sentences are in
`phrases`; this module must not build any.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from fhir_gateway.content import Recommendation
from screening.domain.ai_read import AiStatus, BreastDensity
from screening.domain.opinion import (
    BiRads,
    CalcificationDistribution,
    CalcificationMorphology,
    Depth,
    FindingType,
    Margin,
    MassDensity,
    Quadrant,
    Shape,
    TechnicalReason,
)
from screening.domain.outcome import OutcomeKind
from screening.domain.report import Language, ReportStatus
from screening.domain.study import Laterality, Slot

Pair = tuple[str, str]
"""English, Dutch."""

_TABLES: dict[type[Enum], Mapping[Enum, Pair]] = {
    OutcomeKind: {
        OutcomeKind.ROUTINE_RECALL: ("Normal: back to routine screening", "Goed: terug naar de reguliere screening"),
        OutcomeKind.TECHNICAL_RECALL: (
            "Technical recall: views must be repeated",
            "Technisch herhalen: nieuwe opnamen",
        ),
        OutcomeKind.RECALL_FOR_ASSESSMENT: ("Recall for assessment", "Verwijzen voor nader onderzoek"),
        OutcomeKind.NO_RESULT: ("No result", "Geen uitslag"),
    },
    BiRads: {
        BiRads.INCOMPLETE: ("incomplete, additional imaging needed", "onvolledig, aanvullende beeldvorming nodig"),
        BiRads.NEGATIVE: ("negative", "normaal, geen afwijkingen"),
        BiRads.BENIGN: ("benign finding", "goedaardige bevinding"),
        BiRads.PROBABLY_BENIGN: ("probably benign", "waarschijnlijk goedaardig"),
        BiRads.SUSPICIOUS: ("suspicious abnormality", "verdachte afwijking"),
        BiRads.HIGHLY_SUGGESTIVE: ("highly suggestive of malignancy", "zeer verdacht voor maligniteit"),
        BiRads.KNOWN_MALIGNANCY: ("known malignancy, proven by biopsy", "bekende maligniteit, bewezen met biopsie"),
    },
    Laterality: {
        Laterality.RIGHT: ("right breast", "rechterborst"),
        Laterality.LEFT: ("left breast", "linkerborst"),
    },
    Slot: {
        Slot.RCC: ("right CC", "rechts CC"),
        Slot.LCC: ("left CC", "links CC"),
        Slot.RMLO: ("right MLO", "rechts MLO"),
        Slot.LMLO: ("left MLO", "links MLO"),
    },
    FindingType: {
        FindingType.MASS: ("mass", "massa"),
        FindingType.CALCIFICATION: ("calcifications", "calcificaties"),
        FindingType.ARCHITECTURAL_DISTORTION: ("architectural distortion", "architectuurverstoring"),
        FindingType.ASYMMETRY: ("asymmetry", "asymmetrie"),
        FindingType.FOCAL_ASYMMETRY: ("focal asymmetry", "focale asymmetrie"),
        FindingType.MASS_WITH_CALCIFICATION: ("mass with calcifications", "massa met calcificaties"),
        FindingType.LYMPH_NODE: ("lymph node", "lymfeklier"),
        FindingType.SKIN_LESION: ("skin lesion", "huidafwijking"),
    },
    Shape: {
        Shape.OVAL: ("oval", "ovaal"),
        Shape.ROUND: ("round", "rond"),
        Shape.IRREGULAR: ("irregular", "irregulair"),
    },
    Margin: {
        Margin.CIRCUMSCRIBED: ("circumscribed", "scherp begrensd"),
        Margin.OBSCURED: ("obscured", "overschaduwd"),
        Margin.MICROLOBULATED: ("microlobulated", "microgelobuleerd"),
        Margin.INDISTINCT: ("indistinct", "onscherp begrensd"),
        Margin.SPICULATED: ("spiculated", "gespiculeerd"),
    },
    MassDensity: {
        MassDensity.HIGH: ("high density", "hyperdens"),
        MassDensity.EQUAL: ("equal density", "isodens"),
        MassDensity.LOW: ("low density", "hypodens"),
        MassDensity.FAT: ("fat-containing", "vethoudend"),
    },
    CalcificationMorphology: {
        CalcificationMorphology.AMORPHOUS: ("amorphous", "amorf"),
        CalcificationMorphology.COARSE_HETEROGENEOUS: ("coarse heterogeneous", "grof heterogeen"),
        CalcificationMorphology.FINE_PLEOMORPHIC: ("fine pleomorphic", "fijn pleomorf"),
        CalcificationMorphology.FINE_LINEAR: ("fine linear", "fijn lineair"),
        CalcificationMorphology.FINE_LINEAR_BRANCHING: ("fine linear branching", "fijn lineair vertakkend"),
        CalcificationMorphology.VASCULAR: ("vascular", "vasculair"),
        CalcificationMorphology.ROUND: ("round", "rond"),
        CalcificationMorphology.PUNCTATE: ("punctate", "puntvormig"),
        CalcificationMorphology.DYSTROPHIC: ("dystrophic", "dystrofisch"),
        CalcificationMorphology.RIM: ("rim", "schilvormig"),
    },
    CalcificationDistribution: {
        CalcificationDistribution.DIFFUSE: ("diffuse", "diffuus"),
        CalcificationDistribution.REGIONAL: ("regional", "regionaal"),
        CalcificationDistribution.GROUPED: ("grouped", "gegroepeerd"),
        CalcificationDistribution.LINEAR: ("linear", "lineair"),
        CalcificationDistribution.SEGMENTAL: ("segmental", "segmenteel"),
    },
    Quadrant: {
        Quadrant.UPPER_OUTER: ("upper outer quadrant", "laterale bovenkwadrant"),
        Quadrant.UPPER_INNER: ("upper inner quadrant", "mediale bovenkwadrant"),
        Quadrant.LOWER_OUTER: ("lower outer quadrant", "laterale onderkwadrant"),
        Quadrant.LOWER_INNER: ("lower inner quadrant", "mediale onderkwadrant"),
        Quadrant.SUBAREOLAR: ("subareolar", "subareolair"),
        Quadrant.CENTRAL: ("central", "centraal"),
        Quadrant.AXILLARY_TAIL: ("axillary tail", "axillaire uitloper"),
    },
    Depth: {
        Depth.ANTERIOR: ("anterior third", "voorste derde"),
        Depth.MIDDLE: ("middle third", "middelste derde"),
        Depth.POSTERIOR: ("posterior third", "achterste derde"),
    },
    BreastDensity: {
        BreastDensity.A: ("almost entirely fatty", "vrijwel geheel vetweefsel"),
        BreastDensity.B: ("scattered fibroglandular tissue", "verspreid fibroglandulair weefsel"),
        BreastDensity.C: ("heterogeneously dense", "heterogeen dens"),
        BreastDensity.D: ("extremely dense", "zeer dens"),
    },
    TechnicalReason: {
        TechnicalReason.POSITIONING: ("positioning", "positionering"),
        TechnicalReason.MOTION: ("motion blur", "bewegingsonscherpte"),
        TechnicalReason.EXPOSURE: ("exposure", "belichting"),
        TechnicalReason.COMPRESSION: ("compression", "compressie"),
        TechnicalReason.ARTEFACT: ("artefact", "artefact"),
        TechnicalReason.EQUIPMENT: ("equipment fault", "storing van de apparatuur"),
        TechnicalReason.INCOMPLETE: ("breast not shown completely", "borst niet volledig afgebeeld"),
    },
    AiStatus: {
        AiStatus.OK: ("AI read this examination", "AI heeft dit onderzoek beoordeeld"),
        AiStatus.UNSUPPORTED: ("AI did not read: examination not supported", "AI las niet: onderzoek niet geschikt"),
        AiStatus.FAILED: ("AI did not read: the AI reader failed", "AI las niet: storing van de AI-lezer"),
        AiStatus.TIMED_OUT: ("AI did not read: no answer in time", "AI las niet: geen antwoord binnen de tijd"),
        AiStatus.OBJECTED: ("AI did not read: the woman objected", "AI las niet: de cliënt maakte bezwaar"),
        AiStatus.UNLICENSED: (
            "AI did not read: not licensed for this use",
            "AI las niet: geen licentie voor dit gebruik",
        ),
        AiStatus.UNCALIBRATED: (
            "AI read does not count: not calibrated for this device",
            "AI-lezing telt niet: niet gekalibreerd voor dit toestel",
        ),
    },
    ReportStatus: {
        ReportStatus.FINAL: ("Final report", "Definitief verslag"),
        ReportStatus.AMENDED: ("Corrected report", "Gecorrigeerd verslag"),
        ReportStatus.ENTERED_IN_ERROR: (
            "WITHDRAWN: this report was entered in error, do not use it",
            "INGETROKKEN: dit verslag is ten onrechte verzonden, niet gebruiken",
        ),
    },
    Recommendation: {
        Recommendation.ROUTINE: ("next screening round as usual", "volgende screeningsronde zoals gebruikelijk"),
        Recommendation.NO_RESULT: (
            "none, because this examination has no result",
            "geen, omdat dit onderzoek geen uitslag heeft",
        ),
        Recommendation.REPEAT_VIEWS: ("repeat the views listed", "genoemde opnamen herhalen"),
        Recommendation.HOSPITAL_RADIOLOGY: (
            "additional imaging at the hospital radiology department",
            "aanvullende beeldvorming op de afdeling radiologie van het ziekenhuis",
        ),
        Recommendation.BREAST_CLINIC: ("referral to the breast clinic", "verwijzing naar de mammapoli"),
    },
}

ROLES: Mapping[str, Pair] = {
    "first": ("first reader", "eerste lezer"),
    "second": ("second reader", "tweede lezer"),
    "extra": ("extra reader", "extra lezer"),
    "arbiter": ("arbiter", "arbiter"),
    "arbitration": ("reader at arbitration", "lezer bij arbitrage"),
}
"""Reader roles; a role not listed is shown as it is written."""

TABLES: Mapping[type[Enum], Mapping[Enum, Pair]] = _TABLES
"""All tables, by enumeration."""


def pick(pair: Pair, language: Language) -> str:
    """The half of a pair in this language."""
    return pair[1] if language is Language.DUTCH else pair[0]


def word(value: Enum, language: Language) -> str:
    """The word for a domain value.

    >>> word(Shape.ROUND, Language.DUTCH)
    'rond'
    """
    return pick(_TABLES[type(value)][value], language)


def role_word(role: str, language: Language) -> str:
    """The word for a reader role."""
    return pick(ROLES[role], language) if role in ROLES else role

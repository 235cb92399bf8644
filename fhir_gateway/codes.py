"""Published codes this service emits, as typed tables keyed by the domain's own words.

Every row is copied from the project's table of verified codes and a test compares both. This module must hold no
code of our own making (those are in `systems`), and none that only one public repository claims, except the few in
`SINGLE_SOURCE`, which the standard's own publisher lists and nothing better exists for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from screening.domain.ai_read import BreastDensity
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
)
from screening.domain.study import Laterality, View

SCT = "http://snomed.info/sct"
LOINC = "http://loinc.org"
DCM = "http://dicom.nema.org/resources/ontology/DCM"
NCIT = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"
BSN = "http://fhir.nl/fhir/NamingSystem/bsn"


@dataclass(frozen=True)
class Code:
    """One concept of a published code system, with that system's display text."""

    system: str
    code: str
    display: str


def _sct(code: str, display: str) -> Code:
    return Code(SCT, code, display)


BIRADS_QUESTION = _sct(
    "146611000146107", "Breast Imaging Reporting and Data System assessment category (observable entity)"
)
BIRADS: Mapping[BiRads, Code] = {
    BiRads.INCOMPLETE: _sct(
        "397138000", "Mammography assessment (Category 0) - Need additional imaging evaluation (finding)"
    ),
    BiRads.NEGATIVE: _sct("397140005", "Mammography assessment (Category 1) - Negative (finding)"),
    BiRads.BENIGN: _sct("397141009", "Mammography assessment (Category 2) - Benign finding (finding)"),
    BiRads.PROBABLY_BENIGN: _sct(
        "397143007",
        "Mammography assessment (Category 3) - Probably benign finding, short interval follow-up (finding)",
    ),
    BiRads.SUSPICIOUS: _sct(
        "397144001",
        "Mammography assessment (Category 4) - Suspicious abnormality, biopsy should be considered (finding)",
    ),
    BiRads.HIGHLY_SUGGESTIVE: _sct(
        "397145000", "Mammography assessment (Category 5) - Highly suggestive of malignancy (finding)"
    ),
    BiRads.KNOWN_MALIGNANCY: _sct(
        "6111000179101", "Mammography assessment (Category 6) - known biopsy, proven malignancy (finding)"
    ),
}
"""BI-RADS assessment categories (DICOM CID 6026)."""

DENSITY_QUESTION = _sct("129715009", "Mammographic breast composition finding (finding)")
DENSITY: Mapping[BreastDensity, Code] = {
    BreastDensity.A: _sct("129716005", "Almost entirely fat breast composition (finding)"),
    BreastDensity.B: _sct("129717001", "Scattered fibroglandular densities (finding)"),
    BreastDensity.C: _sct("129718006", "Heterogeneously dense breast composition (finding)"),
    BreastDensity.D: _sct("129719003", "Extremely dense breast composition (finding)"),
}
"""Breast composition a-d (DICOM CID 6000)."""

SIDE: Mapping[Laterality, Code] = {
    Laterality.RIGHT: _sct("24028007", "Right"),
    Laterality.LEFT: _sct("7771000", "Left"),
}
BREAST: Mapping[Laterality, Code] = {
    Laterality.RIGHT: _sct("73056007", "Right breast structure (body structure)"),
    Laterality.LEFT: _sct("80248007", "Left breast structure (body structure)"),
}
BOTH_BREASTS = _sct("63762007", "Both breasts")

MAMMOGRAPHY_FINDING = _sct("129714008", "Mammography finding (finding)")
FINDING: Mapping[FindingType, Code] = {
    FindingType.MASS: _sct("129788004", "Mammographic breast mass finding (finding)"),
    FindingType.CALCIFICATION: _sct("309587003", "Calcification of breast"),
    FindingType.ARCHITECTURAL_DISTORTION: _sct(
        "129792006", "Mammographic architectural distortion of breast (finding)"
    ),
    FindingType.ASYMMETRY: _sct("129790003", "Asymmetric breast tissue finding (finding)"),
    FindingType.FOCAL_ASYMMETRY: _sct("129789007", "Focal asymmetric breast tissue finding (finding)"),
    FindingType.MASS_WITH_CALCIFICATION: Code(DCM, "111459", "Mass with calcifications"),
    # a reader's "lymph node" is not said to be intramammary or axillary, so only the general concept is true
    FindingType.LYMPH_NODE: MAMMOGRAPHY_FINDING,
    FindingType.SKIN_LESION: _sct("95324001", "Skin lesion"),
}
"""Kinds of lesion (DICOM CID 6014, 6016, 6054)."""

SHAPE: Mapping[Shape, Code] = {
    Shape.OVAL: _sct("84360004", "Ovoid shape (Oval)"),
    Shape.ROUND: _sct("42700002", "Round shape"),
    Shape.IRREGULAR: _sct("49608001", "Irregular"),
}
MARGIN: Mapping[Margin, Code] = {
    Margin.CIRCUMSCRIBED: _sct("129738007", "Circumscribed lesion"),
    Margin.OBSCURED: _sct("129740002", "Obscured lesion"),
    Margin.MICROLOBULATED: _sct("129739004", "Microlobulated lesion"),
    Margin.INDISTINCT: _sct("129741003", "Indistinct lesion"),
    Margin.SPICULATED: _sct("129742005", "Spiculated lesion"),
}
MASS_DENSITY: Mapping[MassDensity, Code] = {
    MassDensity.HIGH: _sct("129744006", "High density lesion"),
    MassDensity.EQUAL: _sct("129745007", "Equal density (isodense) lesion"),
    MassDensity.LOW: _sct("129746008", "Low density (not containing fat) lesion"),
    MassDensity.FAT: _sct("129747004", "Fat containing (radiolucent) lesion"),
}
MORPHOLOGY: Mapping[CalcificationMorphology, Code] = {
    CalcificationMorphology.AMORPHOUS: _sct("129760005", "Amorphous calcification"),
    CalcificationMorphology.COARSE_HETEROGENEOUS: _sct("129763007", "Heterogeneous calcification"),
    CalcificationMorphology.FINE_PLEOMORPHIC: Code(DCM, "111344", "Fine pleomorphic calcification"),
    CalcificationMorphology.FINE_LINEAR: _sct("129761009", "Fine, linear (casting) calcification"),
    CalcificationMorphology.FINE_LINEAR_BRANCHING: _sct("129762002", "Fine linear, branching (casting) calcification"),
    CalcificationMorphology.VASCULAR: _sct("129759000", "Vascular calcification"),
    CalcificationMorphology.ROUND: _sct("129756007", "Round shaped calcification"),
    CalcificationMorphology.PUNCTATE: _sct("129755006", "Punctate calcification"),
    CalcificationMorphology.DYSTROPHIC: _sct("129750001", "Dystrophic calcification"),
    CalcificationMorphology.RIM: _sct("129751002", "Eggshell calcification"),
}
DISTRIBUTION: Mapping[CalcificationDistribution, Code] = {
    CalcificationDistribution.DIFFUSE: _sct("129764001", "Diffuse calcification distribution"),
    CalcificationDistribution.REGIONAL: _sct("129767008", "Regional calcification distribution"),
    CalcificationDistribution.GROUPED: _sct("129766004", "Grouped calcification distribution"),
    CalcificationDistribution.LINEAR: _sct("129765000", "Linear calcification distribution"),
    CalcificationDistribution.SEGMENTAL: _sct("129768003", "Segmental calcification distribution"),
}
QUADRANT: Mapping[Quadrant, Code] = {
    Quadrant.UPPER_OUTER: _sct("76365002", "Structure of upper outer quadrant of breast"),
    Quadrant.UPPER_INNER: _sct("77831004", "Structure of upper inner quadrant of breast"),
    Quadrant.LOWER_OUTER: _sct("33564002", "Structure of lower outer quadrant of breast"),
    Quadrant.LOWER_INNER: _sct("19100000", "Structure of lower inner quadrant of breast"),
    Quadrant.SUBAREOLAR: _sct("129784002", "Subareolar region"),
    Quadrant.CENTRAL: _sct("129786000", "Central region of breast"),
    Quadrant.AXILLARY_TAIL: _sct("129785001", "Axillary tail region"),
}
DEPTH: Mapping[Depth, Code] = {
    Depth.ANTERIOR: _sct("255549009", "Anterior"),
    Depth.MIDDLE: Code(NCIT, "C25569", "Middle"),
    Depth.POSTERIOR: _sct("255551008", "Posterior"),
}

_QUALIFIER_HOURS = [
    "260318004",
    "260328008",
    "260330005",
    "260333007",
    "260335000",
    "260337008",
    "260339006",
    "260341007",
    "260343005",
    "260322009",
    "260324005",
    "260326007",
]
_FINDING_HOURS = [
    "129772004",
    "129773009",
    "129774003",
    "129775002",
    "129776001",
    "129777005",
    "129778000",
    "129779008",
    "129780006",
    "129781005",
    "129782003",
    "129783008",
]
CLOCK_QUALIFIER: Mapping[int, Code] = {
    hour: _sct(code, f"{hour} o'clock position (qualifier value)") for hour, code in enumerate(_QUALIFIER_HOURS, 1)
}
"""Clock face by hour 1-12 as a qualifier: FHIR reports and Dutch pathology."""

CLOCK_FINDING: Mapping[int, Code] = {
    hour: _sct(code, f"{hour} o'clock position on mammogram (finding)") for hour, code in enumerate(_FINDING_HOURS, 1)
}
"""Clock face by hour 1-12 as a mammographic finding (DICOM CID 6018): structured reports in DICOM."""

VIEW: Mapping[View, Code] = {
    View.CC: _sct("399162004", "cranio-caudal"),
    View.MLO: _sct("399368009", "medio-lateral oblique"),
}

REPORT_2D = Code(LOINC, "26175-0", "MG Breast - bilateral Screening")
REPORT_DBT = Code(LOINC, "72142-3", "DBT Breast - bilateral screening")
MODALITY_MG = Code(DCM, "MG", "Mammography")
ADDITIONAL_PROJECTIONS = Code(DCM, "111135", "Additional projections")
SHORT_INTERVAL = Code(DCM, "111142", "Follow-up at short interval (1-11 months)")
BIOPSY_CONSIDERED = Code(DCM, "111143", "Biopsy should be considered")

SINGLE_SOURCE: frozenset[Code] = frozenset({REPORT_DBT, MAMMOGRAPHY_FINDING})
"""Codes seen in one source only, kept because no code with two sources says the same."""

EMITTED: frozenset[Code] = frozenset(
    {*BIRADS.values(), *DENSITY.values(), *SIDE.values(), *BREAST.values(), *FINDING.values(), *SHAPE.values()}
    | {*MARGIN.values(), *MASS_DENSITY.values(), *MORPHOLOGY.values(), *DISTRIBUTION.values(), *QUADRANT.values()}
    | {*DEPTH.values(), *CLOCK_QUALIFIER.values(), *CLOCK_FINDING.values(), *VIEW.values()}
    | {BIRADS_QUESTION, DENSITY_QUESTION, BOTH_BREASTS, MAMMOGRAPHY_FINDING, REPORT_2D, REPORT_DBT, MODALITY_MG}
    | {ADDITIONAL_PROJECTIONS, SHORT_INTERVAL, BIOPSY_CONSIDERED}
)
"""Every published clinical code that may leave this service; the composer refuses any other."""

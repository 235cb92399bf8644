"""Codes that a CAD report of another product may use, in today's and in yesterday's scheme, by what they mean to us.

SNOMED codes have an SCT value and an older SRT one for the same concept (PS3.16 8.1); both are stored in archives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from screening.domain.ai_read import BreastDensity
from screening.domain.cad_report import CadCompletion, RenderingIntent
from screening.domain.opinion import FindingType

SNOMED: Final = frozenset({"SCT", "SRT", "SNM3", "99SDM"})
"""Coding scheme designators of SNOMED, old ones included."""

FINDING_TYPES: Final[Mapping[str, FindingType]] = {
    "129793001": FindingType.MASS,
    "F-01796": FindingType.MASS,
    "129788004": FindingType.MASS,
    "F-01791": FindingType.MASS,
    "111459": FindingType.MASS_WITH_CALCIFICATION,
    "129769006": FindingType.CALCIFICATION,
    "F-01775": FindingType.CALCIFICATION,
    "129770007": FindingType.CALCIFICATION,
    "F-01776": FindingType.CALCIFICATION,
    "129792006": FindingType.ARCHITECTURAL_DISTORTION,
    "F-01795": FindingType.ARCHITECTURAL_DISTORTION,
    "129790003": FindingType.ASYMMETRY,
    "F-01793": FindingType.ASYMMETRY,
    "129789007": FindingType.FOCAL_ASYMMETRY,
    "F-01792": FindingType.FOCAL_ASYMMETRY,
    "443808008": FindingType.LYMPH_NODE,
    "T-C430B": FindingType.LYMPH_NODE,
    "95324001": FindingType.SKIN_LESION,
    "D0-00050": FindingType.SKIN_LESION,
    "111112": FindingType.SKIN_LESION,
    "111113": FindingType.SKIN_LESION,
}
"""CID 6014 and CID 6016 by code value. A soft-tissue mark of CAD is coded as a density and meant as a mass."""

COMPOSITION: Final = frozenset({"129715009", "F-01710"})
"""Breast composition: a finding (CID 6014) and the concept of its value (TID 4007)."""

NO_LESION: Final = COMPOSITION | {"111100", "111101", "111102", "24142002", "T-04100"}
"""Composition, geometry, image quality, non-lesion and nipple: findings that are not marks."""

DENSITIES: Final[Mapping[str, BreastDensity]] = {
    "129716005": BreastDensity.A,
    "F-01711": BreastDensity.A,
    "129717001": BreastDensity.B,
    "F-01712": BreastDensity.B,
    "129718006": BreastDensity.C,
    "F-01713": BreastDensity.C,
    "129719003": BreastDensity.D,
    "F-01714": BreastDensity.D,
}
"""CID 6000."""

INTENTS: Final[Mapping[str, RenderingIntent]] = {
    "111150": RenderingIntent.REQUIRED,
    "111151": RenderingIntent.OPTIONAL,
    "111152": RenderingIntent.NEVER,
}
"""CID 6034."""

COMPLETIONS: Final[Mapping[str, CadCompletion]] = {
    "111222": CadCompletion.SUCCEEDED,
    "111223": CadCompletion.PARTIALLY_SUCCEEDED,
    "111224": CadCompletion.FAILED,
    "111225": CadCompletion.NOT_ATTEMPTED,
}
"""CID 6042."""

REPORT, LIBRARY = "111036", "111028"
PROCESSING, IMPRESSION = "111017", "111034"
DETECTIONS, ANALYSES = "111064", "111065"
DETECTION, ANALYSIS = "111022", "111004"
SUCCESSFUL: Final = frozenset({"111063", "111062"})
FAILED: Final = frozenset({"111025", "111024"})
SINGLE_FINDING, COMPOSITE = "111059", "111015"
INTENT = "111056"
CERTAINTY_OF_FINDING, CERTAINTY_OF_FEATURE, PROBABILITY = "111012", "111011", "111047"
CENTER, OUTLINE = "111010", "111041"
ALGORITHM_NAME, ALGORITHM_VERSION = "111001", "111003"
SERIES_UID = "112002"

NONE_SUCCEEDED = "111245"
WITHOUT_FINDINGS: Final = frozenset({"111241", "111243", NONE_SUCCEEDED})
"""CID 6047: summaries that rule out any finding."""

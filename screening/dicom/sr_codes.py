"""Coded concepts of the structured reports we write (PS3.16); one constant per concept, no logic.

Meanings are spelled as PS3.16 prints them, without the zero-width spaces that machine-made tables carry.
"""

from __future__ import annotations

from dataclasses import dataclass

from screening.domain.opinion import FindingType
from screening.domain.study import Laterality, View, ViewModifier


@dataclass(frozen=True)
class Code:
    """A coded entry: value, coding scheme designator, meaning (PS3.3 8.8)."""

    value: str
    scheme: str
    meaning: str


def _dcm(value: str, meaning: str) -> Code:
    return Code(value, "DCM", meaning)


def _sct(value: str, meaning: str) -> Code:
    return Code(value, "SCT", meaning)


# TID 1204
LANGUAGE = _dcm("121049", "Language of Content Item and Descendants")
ENGLISH = Code("en", "RFC5646", "English")

# TID 4000 and 4001
MAMMOGRAPHY_CAD_REPORT = _dcm("111036", "Mammography CAD Report")
IMAGE_LIBRARY = _dcm("111028", "Image Library")
PROCESSING_SUMMARY = _dcm("111017", "CAD Processing and Findings Summary")
SUMMARY_OF_DETECTIONS = _dcm("111064", "Summary of Detections")
SUMMARY_OF_ANALYSES = _dcm("111065", "Summary of Analyses")

# CID 6047
ALL_SUCCEEDED_NO_FINDINGS = _dcm("111241", "All algorithms succeeded; without findings")
ALL_SUCCEEDED_FINDINGS = _dcm("111242", "All algorithms succeeded; with findings")
PARTLY_SUCCEEDED_NO_FINDINGS = _dcm("111243", "Not all algorithms succeeded; without findings")
PARTLY_SUCCEEDED_FINDINGS = _dcm("111244", "Not all algorithms succeeded; with findings")
NONE_SUCCEEDED = _dcm("111245", "No algorithms succeeded; without findings")

# CID 6042
SUCCEEDED = _dcm("111222", "Succeeded")
PARTIALLY_SUCCEEDED = _dcm("111223", "Partially Succeeded")
FAILED = _dcm("111224", "Failed")
NOT_ATTEMPTED = _dcm("111225", "Not Attempted")

# TID 4002, 4003, 4006
IMPRESSION_DESCRIPTION = _dcm("111033", "Impression Description")
INDIVIDUAL_IMPRESSION = _dcm("111034", "Individual Impression/Recommendation")
RENDERING_INTENT = _dcm("111056", "Rendering Intent")
SINGLE_IMAGE_FINDING = _dcm("111059", "Single Image Finding")
CERTAINTY_OF_FINDING = _dcm("111012", "Certainty of Finding")
PROBABILITY_OF_CANCER = _dcm("111047", "Probability of cancer")
CENTER = _dcm("111010", "Center")
OUTLINE = _dcm("111041", "Outline")

# CID 6034; Not for Presentation (111152) is missing on purpose: what may not be shown is not written
PRESENTATION_REQUIRED = _dcm("111150", "Presentation Required: Rendering device is expected to present")
PRESENTATION_OPTIONAL = _dcm("111151", "Presentation Optional: Rendering device may present")

# TID 4015, 4017, 4019
SUCCESSFUL_DETECTIONS = _dcm("111063", "Successful Detections")
FAILED_DETECTIONS = _dcm("111025", "Failed Detections")
DETECTION_PERFORMED = _dcm("111022", "Detection Performed")
ALGORITHM_NAME = _dcm("111001", "Algorithm Name")
ALGORITHM_VERSION = _dcm("111003", "Algorithm Version")
ALGORITHM_PARAMETERS = _dcm("111002", "Algorithm Parameters")

# TID 4020
IMAGE_LATERALITY = _dcm("111027", "Image Laterality")
IMAGE_VIEW = _dcm("111031", "Image View")
IMAGE_VIEW_MODIFIER = _dcm("111032", "Image View Modifier")
STUDY_DATE = _dcm("111060", "Study Date")
STUDY_TIME = _dcm("111061", "Study Time")
HORIZONTAL_SPACING = _dcm("111026", "Horizontal Pixel Spacing")
VERTICAL_SPACING = _dcm("111066", "Vertical Pixel Spacing")
SLICE_SPACING = _dcm("112226", "Spacing between slices")
PIXEL_ROWS = _dcm("110910", "Pixel Data Rows")
PIXEL_COLUMNS = _dcm("110911", "Pixel Data Columns")

PERCENT = Code("%", "UCUM", "Percent")
MICROMETER = Code("um", "UCUM", "micrometer")
MILLIMETER = Code("mm", "UCUM", "millimeter")
PIXELS = Code("{pixels}", "UCUM", "pixels")

SIDES: dict[Laterality, Code] = {
    Laterality.LEFT: _sct("80248007", "Left breast"),
    Laterality.RIGHT: _sct("73056007", "Right breast"),
}
"""CID 6022."""

VIEWS: dict[View, Code] = {
    View.CC: _sct("399162004", "cranio-caudal"),
    View.MLO: _sct("399368009", "medio-lateral oblique"),
    View.ML: _sct("399260004", "medial-lateral"),
    View.LM: _sct("399352003", "latero-medial"),
    View.LMO: _sct("399099002", "latero-medial oblique"),
    View.XCCL: _sct("399192008", "cranio-caudal exaggerated laterally"),
    View.XCCM: _sct("399101009", "cranio-caudal exaggerated medially"),
    View.FB: _sct("399196006", "caudo-cranial"),
    View.SIO: _sct("399188001", "superolateral to inferomedial oblique"),
    View.ISO: _sct("441555000", "inferomedial to superolateral oblique"),
}
"""CID 4014; a view we do not know is left out."""

MODIFIERS: dict[ViewModifier, Code] = {
    ViewModifier.CLEAVAGE: _sct("399161006", "Cleavage"),
    ViewModifier.AXILLARY_TAIL: _sct("399011000", "Axillary Tail"),
    ViewModifier.IMPLANT_DISPLACED: _sct("399209000", "Implant Displaced"),
    ViewModifier.MAGNIFICATION: _sct("399163009", "Magnification"),
    ViewModifier.SPOT_COMPRESSION: _sct("399055006", "Spot Compression"),
    ViewModifier.TANGENTIAL: _sct("399110001", "tangential"),
    ViewModifier.NIPPLE_IN_PROFILE: _sct("442581004", "Nipple in profile"),
    ViewModifier.ANTERIOR_COMPRESSION: _sct("441752004", "Anterior compression"),
    ViewModifier.INFRAMAMMARY_FOLD: _sct("442593008", "Infra-mammary fold"),
    ViewModifier.AXILLARY_TISSUE: _sct("442580003", "Axillary tissue"),
}
"""CID 4015; `rolled` has four codes, one per direction that we do not keep, so it is left out."""

_DENSITY = _sct("129793001", "Mammography breast density")

SINGLE_IMAGE_FINDINGS: dict[FindingType | None, Code] = {
    None: _dcm("111099", "Selected region"),
    FindingType.MASS: _DENSITY,
    FindingType.ASYMMETRY: _DENSITY,
    FindingType.FOCAL_ASYMMETRY: _DENSITY,
    FindingType.MASS_WITH_CALCIFICATION: _DENSITY,
    FindingType.CALCIFICATION: _sct("129769006", "Calcification Cluster"),
    FindingType.ARCHITECTURAL_DISTORTION: _sct("129792006", "Architectural distortion of breast"),
    FindingType.LYMPH_NODE: _sct("443808008", "Intramammary lymph node"),
    FindingType.SKIN_LESION: _sct("95324001", "Skin lesion"),
}
"""CID 6014. It has no mass: on one image a soft-tissue mark is a density; mass is a composite feature (CID 6016).

A mark whose kind a product does not tell is a selected region.
"""

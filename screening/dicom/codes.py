"""Coded terms and UIDs of incoming objects, matched by value and never by meaning.

SNOMED CT values and their retired SRT twins both occur in the wild (PS3.16 CID 4014, 4015). Nothing here reads a data
set; the tables only say what a value stands for.
"""

from __future__ import annotations

from enum import StrEnum

from screening.domain.study import View, ViewModifier


class SopFamily(StrEnum):
    """What a SOP class is to a screening service (PS3.4 B.5)."""

    MG_PRESENTATION = "mg_presentation"
    MG_PROCESSING = "mg_processing"
    TOMOSYNTHESIS = "tomosynthesis"
    PROJECTION = "projection"
    SECONDARY_CAPTURE = "secondary_capture"
    CT = "ct"
    OTHER_IMAGE = "other_image"
    DOSE_REPORT = "dose_report"
    NOT_IMAGE = "not_image"
    UNKNOWN = "unknown"


MG_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.2"
MG_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.2.1"
BREAST_TOMOSYNTHESIS = "1.2.840.10008.5.1.4.1.1.13.1.3"
PROJECTION_PRESENTATION = "1.2.840.10008.5.1.4.1.1.13.1.4"
PROJECTION_PROCESSING = "1.2.840.10008.5.1.4.1.1.13.1.5"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"

SOP_FAMILIES: dict[str, SopFamily] = {
    MG_PRESENTATION: SopFamily.MG_PRESENTATION,
    MG_PROCESSING: SopFamily.MG_PROCESSING,
    BREAST_TOMOSYNTHESIS: SopFamily.TOMOSYNTHESIS,
    PROJECTION_PRESENTATION: SopFamily.PROJECTION,
    PROJECTION_PROCESSING: SopFamily.PROJECTION,
    SECONDARY_CAPTURE: SopFamily.SECONDARY_CAPTURE,
    "1.2.840.10008.5.1.4.1.1.7.1": SopFamily.SECONDARY_CAPTURE,
    "1.2.840.10008.5.1.4.1.1.7.2": SopFamily.SECONDARY_CAPTURE,
    "1.2.840.10008.5.1.4.1.1.7.3": SopFamily.SECONDARY_CAPTURE,
    "1.2.840.10008.5.1.4.1.1.7.4": SopFamily.SECONDARY_CAPTURE,
    "1.2.840.10008.5.1.4.1.1.1": SopFamily.OTHER_IMAGE,  # Computed Radiography
    "1.2.840.10008.5.1.4.1.1.1.1": SopFamily.OTHER_IMAGE,  # Digital X-Ray For Presentation
    "1.2.840.10008.5.1.4.1.1.1.1.1": SopFamily.OTHER_IMAGE,  # Digital X-Ray For Processing
    "1.2.840.10008.5.1.4.1.1.2": SopFamily.CT,
    "1.2.840.10008.5.1.4.1.1.2.1": SopFamily.CT,
    "1.2.840.10008.5.1.4.1.1.4": SopFamily.OTHER_IMAGE,  # MR
    "1.2.840.10008.5.1.4.1.1.6.1": SopFamily.OTHER_IMAGE,  # Ultrasound
    "1.2.840.10008.5.1.4.1.1.6.2": SopFamily.OTHER_IMAGE,  # Enhanced Ultrasound Volume
    "1.2.840.10008.5.1.4.1.1.88.67": SopFamily.DOSE_REPORT,
    "1.2.840.10008.5.1.4.1.1.88.68": SopFamily.DOSE_REPORT,
    "1.2.840.10008.5.1.4.1.1.88.73": SopFamily.DOSE_REPORT,
    "1.2.840.10008.5.1.4.1.1.88.76": SopFamily.DOSE_REPORT,
    "1.2.840.10008.5.1.4.1.1.66": SopFamily.NOT_IMAGE,  # Raw Data
    "1.2.840.10008.5.1.4.1.1.66.4": SopFamily.NOT_IMAGE,  # Segmentation
    "1.2.840.10008.5.1.4.1.1.30": SopFamily.NOT_IMAGE,  # Parametric Map
}

_NOT_IMAGE_ROOTS = (
    "1.2.840.10008.5.1.4.1.1.88.",  # structured reports, key object selection
    "1.2.840.10008.5.1.4.1.1.11.",  # presentation states
    "1.2.840.10008.5.1.4.1.1.104.",  # encapsulated documents
    "1.2.840.10008.5.1.4.1.1.9.",  # waveforms
)

MAMMOGRAPHY_FAMILIES = frozenset(
    {SopFamily.MG_PRESENTATION, SopFamily.MG_PROCESSING, SopFamily.TOMOSYNTHESIS, SopFamily.PROJECTION}
)
"""SOP classes an acquisition device writes for a breast; a result of ours never has one of them."""


def sop_family(uid: str) -> SopFamily:
    """Family of a SOP Class UID; UNKNOWN for a private or future class.

    >>> sop_family("1.2.840.10008.5.1.4.1.1.88.50").value
    'not_image'
    """
    if uid in SOP_FAMILIES:
        return SOP_FAMILIES[uid]
    return SopFamily.NOT_IMAGE if uid.startswith(_NOT_IMAGE_ROOTS) else SopFamily.UNKNOWN


SCHEMES = frozenset({"SCT", "SRT", "SNM3", "SNM", "99SDM"})
"""Coding scheme designators whose values the tables below hold (PS3.16 8.1)."""

VIEWS: dict[str, View] = {
    "399162004": View.CC,
    "R-10242": View.CC,
    "399368009": View.MLO,
    "R-10226": View.MLO,
    "399260004": View.ML,
    "R-10224": View.ML,
    "399352003": View.LM,
    "R-10228": View.LM,
    "399099002": View.LMO,
    "R-10230": View.LMO,
    "399192008": View.XCCL,
    "R-1024A": View.XCCL,
    "399101009": View.XCCM,
    "R-1024B": View.XCCM,
    "399196006": View.FB,
    "R-10244": View.FB,
    "399188001": View.SIO,
    "R-102D0": View.SIO,
    "441555000": View.ISO,
    "R-40AAA": View.ISO,
}
"""CID 4014 by code value."""

SPECIMEN_VIEWS = frozenset({"127457009", "G-8310"})
"""Tissue specimen from breast (CID 4014)."""

MODIFIERS: dict[str, ViewModifier] = {
    "399161006": ViewModifier.CLEAVAGE,
    "R-102D2": ViewModifier.CLEAVAGE,
    "399011000": ViewModifier.AXILLARY_TAIL,
    "R-102D1": ViewModifier.AXILLARY_TAIL,
    "399197002": ViewModifier.ROLLED,
    "R-102D3": ViewModifier.ROLLED,
    "399226006": ViewModifier.ROLLED,
    "R-102D4": ViewModifier.ROLLED,
    "415670009": ViewModifier.ROLLED,
    "R-102C9": ViewModifier.ROLLED,
    "414493004": ViewModifier.ROLLED,
    "R-102CA": ViewModifier.ROLLED,
    "399209000": ViewModifier.IMPLANT_DISPLACED,
    "R-102D5": ViewModifier.IMPLANT_DISPLACED,
    "399163009": ViewModifier.MAGNIFICATION,
    "R-102D6": ViewModifier.MAGNIFICATION,
    "399055006": ViewModifier.SPOT_COMPRESSION,
    "R-102D7": ViewModifier.SPOT_COMPRESSION,
    "399110001": ViewModifier.TANGENTIAL,
    "R-102C2": ViewModifier.TANGENTIAL,
    "442581004": ViewModifier.NIPPLE_IN_PROFILE,
    "R-40AB3": ViewModifier.NIPPLE_IN_PROFILE,
    "441752004": ViewModifier.ANTERIOR_COMPRESSION,
    "P2-00161": ViewModifier.ANTERIOR_COMPRESSION,
    "442593008": ViewModifier.INFRAMAMMARY_FOLD,
    "R-40ABE": ViewModifier.INFRAMAMMARY_FOLD,
    "442580003": ViewModifier.AXILLARY_TISSUE,
    "R-40AB2": ViewModifier.AXILLARY_TISSUE,
}
"""CID 4015 by code value."""


def view_of_code(value: str, scheme: str) -> View:
    """Projection of a View Code; OTHER when the value is not listed or the scheme is not SNOMED.

    >>> view_of_code("R-10242", "SNM3").value
    'CC'
    """
    return VIEWS.get(value, View.OTHER) if scheme in SCHEMES else View.OTHER


def view_of_position(text: str) -> View:
    """Projection of View Position (0018,5101), a defined term; OTHER when stated but not known.

    >>> view_of_position("MLO").value
    'MLO'
    """
    try:
        return View(text.strip().upper())
    except ValueError:
        return View.OTHER


def modifier_of_code(value: str, scheme: str) -> ViewModifier:
    """View modifier of a code; OTHER when the value is not listed or the scheme is not SNOMED."""
    return MODIFIERS.get(value, ViewModifier.OTHER) if scheme in SCHEMES else ViewModifier.OTHER

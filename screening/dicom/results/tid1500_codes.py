"""Coded concepts of the measurement report (PS3.16 TID 1500 and below) that a CAD report does not have; no logic."""

from __future__ import annotations

from pydicom.sr.coding import Code as Coded

from screening.dicom.sr_codes import SINGLE_IMAGE_FINDINGS, Code
from screening.domain.opinion import FindingType
from screening.domain.study import Laterality

REPORT = Code("126000", "DCM", "Imaging Measurement Report")
"""CID 7021."""

DEVICE = Code("121007", "DCM", "Device")
COMMENT = Code("121106", "DCM", "Comment")
PROCEDURE_REPORTED = Code("121058", "DCM", "Procedure reported")
MAMMOGRAPHY = Code("71651007", "SCT", "Mammography")
IMAGING_MEASUREMENTS = Code("126010", "DCM", "Imaging Measurements")
QUALITATIVE_EVALUATIONS = Code("C0034375", "UMLS", "Qualitative Evaluations")
LIBRARY_GROUP = Code("126200", "DCM", "Image Library Group")
MODALITY = Code("121139", "DCM", "Modality")
MG = Code("MG", "DCM", "Mammography")
OTHER_MODALITY = Code("OT", "DCM", "Other Modality")
"""CID 29 has no word for film scans and screen shots that came with an exam, and the domain does not keep theirs."""

BREAST = Code("76752008", "SCT", "Breast")

SIDES: dict[Laterality, Code] = {
    Laterality.LEFT: Code("7771000", "SCT", "Left"),
    Laterality.RIGHT: Code("24028007", "SCT", "Right"),
}
"""CID 244."""

FINDINGS: dict[FindingType | None, Code] = {
    **SINGLE_IMAGE_FINDINGS,
    FindingType.MASS: Code("129788004", "SCT", "Mammographic breast mass"),
    FindingType.ASYMMETRY: Code("129790003", "SCT", "Asymmetric breast tissue"),
    FindingType.FOCAL_ASYMMETRY: Code("129789007", "SCT", "Focal asymmetric breast tissue"),
    FindingType.MASS_WITH_CALCIFICATION: Code("111459", "DCM", "Mass with calcifications"),
}
"""CID 6054: a measurement report may name a mass on one image, which CID 6014 of a CAD report cannot."""


def coded(code: Code) -> Coded:
    """The same concept as highdicom takes it."""
    return Coded(code.value, code.scheme, code.meaning)

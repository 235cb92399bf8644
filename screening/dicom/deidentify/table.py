"""What is done to which attribute: PS3.15 Table E.1-1 (edition 2026c) and our options, as data.

The Basic Profile's column is taken from the package `dicom-anonymizer` (ADR 20); the options' columns that we claim are
here, as is what is kept of the many attributes that the table does not list.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Final

from dicomanonymizer.dicom_anonymization_databases import dicomfields_2026c as edition
from pydicom.datadict import keyword_for_tag

EDITION: Final = "2026c"

RULES: Final = 1
"""Goes up with every change of this package that changes what comes out."""

OPTIONS: Final = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113101", "Clean Pixel Data Option"),
    ("113103", "Clean Graphics Option"),
    ("113104", "Clean Structured Content Option"),
    ("113105", "Clean Descriptors Option"),
    ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    ("113109", "Retain Device Identity Option"),
)
"""Codes of scheme DCM and their meanings (PS3.16 CID 7050), in the order in which objects state them."""


class Action(StrEnum):
    """What is done to an attribute; the value is the word of the report."""

    REMOVE = "removed"
    EMPTY = "emptied"
    DUMMY = "replaced"
    UID = "uids_replaced"
    SHIFT = "dates_shifted"
    DESCRIBE = "descriptors_cleaned"
    KEEP = "kept_by_option"
    WALK = "walked"


_GROUPS: Final = (
    ("D_TAGS", Action.DUMMY),
    ("Z_TAGS", Action.EMPTY),
    ("X_TAGS", Action.REMOVE),
    ("U_TAGS", Action.UID),
    ("Z_D_TAGS", Action.DUMMY),
    ("X_Z_TAGS", Action.EMPTY),
    ("X_D_TAGS", Action.DUMMY),
    ("X_Z_D_TAGS", Action.EMPTY),
    ("X_Z_U_STAR_TAGS", Action.WALK),
)
"""Where the table leaves a choice that depends on the IOD, the one is taken that leaves any mammography IOD valid."""

DEVICE_IDENTITY: Final = frozenset(
    {
        *("CassetteID", "DetectorID", "DeviceDescription", "DeviceLabel", "DeviceSerialNumber", "DeviceUID"),
        *("GantryID", "GeneratorID", "LensMake", "LensModel", "LensSerialNumber", "LensSpecification"),
        *("ManufacturerDeviceClassUID", "ManufacturerDeviceIdentifier", "PlateID", "SourceManufacturer"),
        *("PerformedStationAETitle", "PerformedStationGeographicLocationCodeSequence", "PerformedStationName"),
        *("PerformedStationNameCodeSequence", "ScheduledProcedureStepLocation", "ScheduledStationAETitle"),
        *("ScheduledStationGeographicLocationCodeSequence", "ScheduledStationName", "ScheduledStationNameCodeSequence"),
        *("ScheduledStudyLocation", "ScheduledStudyLocationAETitle", "SourceSerialNumber", "StationName"),
        *("TransducerIdentificationSequence", "TreatmentMachineName", "UDISequence", "UniqueDeviceIdentifier"),
        *("XRayDetectorID", "XRayDetectorLabel", "XRaySourceID"),
    }
)
"""`K` in the column Rtn. Dev. Id. Opt. (PS3.15 E.3.8); kept unless it names what must not be found."""

EXCEPTIONS: Final = {"RequestedProcedureID": Action.EMPTY}
"""Removed, it would leave a report invalid (PS3.3 C.17.2, Type 2); empty it tells no more."""

DESCRIPTORS: Final = frozenset(
    {
        *("AcquisitionDeviceProcessingDescription", "PerformedProcedureStepDescription", "ProtocolName"),
        *("RequestedProcedureDescription", "SeriesDescription", "StudyDescription"),
    }
)
"""Descriptors that are cleaned (PS3.15 E.3.5): kept when `descriptors.WORDS` has every word of them.

Every other descriptor of the table is removed or emptied, which the option allows.
"""

NEVER_SHIFTED: Final = frozenset(
    {
        *("PatientBirthDate", "PatientBirthTime"),
        *("CalibrationDate", "CalibrationDateTime", "CalibrationTime", "DateOfInstallation", "DateOfLastCalibration"),
        *("DateOfLastDetectorCalibration", "DateOfManufacture", "DateTimeOfLastCalibration", "TimeOfLastCalibration"),
        *("TimeOfLastDetectorCalibration", "ContextGroupLocalVersion", "ContextGroupVersion"),
    }
)
"""Dates that stay under the Basic Profile: of a person's life, and those of devices and code lists.

Somebody else knows the latter: one of them, shifted, would give away the shift of the woman.
"""

STRUCTURED: Final = frozenset({"ContentSequence", "GraphicAnnotationSequence"})
"""Cleaned item by item (PS3.15 E.3.3, E.3.4) instead of replaced."""

KEPT_TEXT: Final = frozenset(
    {
        *("AcquisitionDeviceProcessingCode", "AlgorithmName", "AlgorithmSource", "AlgorithmVersion"),
        *("ApplicationManufacturer", "ApplicationName", "ApplicationVersion", "CodeMeaning"),
        *(
            "CodeValue",
            "CodingSchemeDesignator",
            "CodingSchemeVersion",
            "ConvolutionKernel",
            "DetectorManufacturerName",
        ),
        *("DetectorManufacturerModelName", "FilterType", "GridID", "LongCodeValue", "LUTExplanation", "LUTLabel"),
        *("Manufacturer", "ManufacturerModelName", "MappingResourceName", "ModalityLUTType", "PaddleDescription"),
        *("ProcessingFunction", "RescaleType", "SoftwareVersions", "StackID", "TypeOfFilters", "URNCodeValue"),
        *("TextValue", "WindowCenterWidthExplanation"),
    }
)
"""Text that stays although Table E.1-1 does not list it: codes, device, processing. All other unlisted text goes.

Text Value is cleaned in `structured`, whatever data set it is in.
"""

KEPT_BYTES: Final = frozenset({"LUTData"})
"""Byte strings that stay; Pixel Data has a way of its own."""

KEPT_UIDS: Final = frozenset({"CodingSchemeUID", "ContextUID", "MappingResourceUID"})
"""UIDs that name a published thing even where DICOM did not give them out."""


@lru_cache
def _listed() -> dict[int, Action]:
    return {
        tag[0] << 16 | tag[1]: action for group, action in _GROUPS for tag in getattr(edition, group) if len(tag) == 2
    }


@lru_cache(maxsize=8192)
def action_for(tag: int, vr: str) -> Action | None:
    """What the profile and its options say about an attribute; None when Table E.1-1 does not list it."""
    listed, keyword = _listed().get(tag), keyword_for_tag(tag)
    if keyword in DEVICE_IDENTITY:
        return Action.KEEP
    if keyword in STRUCTURED:
        return Action.WALK
    if keyword in DESCRIPTORS:
        return Action.DESCRIBE
    if keyword in EXCEPTIONS:
        return EXCEPTIONS[keyword]
    if listed is not None and vr in ("DA", "DT", "TM") and keyword not in NEVER_SHIFTED:
        return Action.SHIFT
    return listed

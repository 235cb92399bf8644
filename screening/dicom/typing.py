"""What kind of image a data set is: SOP class first, then Image Type, then coded attributes, vendor hints last.

A hint can only keep an image from being scored, never make one scorable. Descriptions are read in lower case and never
stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydicom.dataset import Dataset

from screening.dicom import codes
from screening.dicom.attributes import frames
from screening.dicom.codes import SopFamily
from screening.dicom.elements import code, items, mentions, path, text, texts
from screening.domain.quality import ReasonCode
from screening.domain.study import ImageKind

_REASONS: dict[ImageKind, ReasonCode] = {
    ImageKind.PROJECTION: ReasonCode.PROJECTION,
    ImageKind.STEREOTACTIC: ReasonCode.STEREOTACTIC,
    ImageKind.CONTRAST: ReasonCode.CONTRAST,
    ImageKind.SPECIMEN: ReasonCode.SPECIMEN,
    ImageKind.QUALITY_CONTROL: ReasonCode.QUALITY_CONTROL,
    ImageKind.FILM: ReasonCode.WRONG_SOP_CLASS,
    ImageKind.PROPRIETARY_TOMOSYNTHESIS: ReasonCode.PROPRIETARY_TOMOSYNTHESIS,
    ImageKind.OTHER: ReasonCode.WRONG_SOP_CLASS,
}
"""Kinds no reader may ever score; the other kinds are for the reader to accept or refuse."""

_STEREO_PREFIXES = ("STEREO", "PREFIRE", "POSTFIRE", "TOMO_SCOUT")
_CONTRAST_TYPES = frozenset(
    {"PRE_CONTRAST", "POST_CONTRAST", "ADDITION", "SUBTRACTION", "LOW_ENERGY", "HIGH_ENERGY", "RECOMBINED"}
)
_SYNTHETIC_HINTS = {
    "SeriesDescription": ("c-view", "s-view", "intelligent 2d", "insight 2d", "v-preview", "synthetic"),
    "ProtocolName": ("c-view", "s-view", "intelligent 2d"),
}
_STEREO_HINTS = {"SeriesDescription": ("stereo", "biopsy"), "AcquisitionDeviceProcessingDescription": ("stereo",)}
_HOLOGIC_PRIVATE_GROUP = 0x7E01


@dataclass(frozen=True)
class Typed:
    """Kind of an image, the reason when no reader may score that kind, and what the header contradicts."""

    kind: ImageKind
    exclusion: ReasonCode | None
    warnings: tuple[ReasonCode, ...] = ()


def type_image(ds: Dataset, private_groups: frozenset[int] = frozenset()) -> Typed:
    """Decide the kind (PS3.3 C.8.11.7.1.4 Image Type; reference page on DICOM, section 4.1).

    `private_groups` are the groups between the attributes and the pixels that the file holds.
    """
    family = codes.sop_family(text(ds, "SOPClassUID"))
    kind = _kind(ds, family, private_groups)
    return Typed(kind, _REASONS.get(kind), _warnings(ds, family))


def _kind(ds: Dataset, family: SopFamily, private_groups: frozenset[int]) -> ImageKind:
    if text(ds, "QualityControlImage").upper() == "YES":
        return ImageKind.QUALITY_CONTROL
    if family in codes.MAMMOGRAPHY_FAMILIES:
        return next((kind for kind, test in _SPECIAL if test(ds)), None) or _plain(ds, family)
    return _foreign(ds, family, private_groups)


def _plain(ds: Dataset, family: SopFamily) -> ImageKind:
    """Kind of a breast image of which nothing special is stated."""
    if family is SopFamily.TOMOSYNTHESIS:
        return ImageKind.SYNTHETIC_2D if _is_projected_slab(ds) else ImageKind.DBT
    if family is SopFamily.PROJECTION:
        return ImageKind.PROJECTION
    if frames(ds) > 1:
        return ImageKind.OTHER
    if "GENERATED_2D" in _image_type(ds) or mentions(ds, _SYNTHETIC_HINTS):
        return ImageKind.SYNTHETIC_2D
    return ImageKind.FFDM_PROCESSING if family is SopFamily.MG_PROCESSING else ImageKind.FFDM


def _foreign(ds: Dataset, family: SopFamily, private_groups: frozenset[int]) -> ImageKind:
    """Kind of an image whose SOP class is not a mammography one."""
    maker = text(ds, "Manufacturer").upper()
    if family is SopFamily.CT:
        siemens = "MAMMOMAT" in text(ds, "ManufacturerModelName").upper()
        return ImageKind.PROPRIETARY_TOMOSYNTHESIS if siemens else ImageKind.OTHER
    if family is not SopFamily.SECONDARY_CAPTURE:
        return ImageKind.OTHER
    if "HOLOGIC" in maker and (_HOLOGIC_PRIVATE_GROUP in private_groups or text(ds, "Modality") == "MG"):
        return ImageKind.PROPRIETARY_TOMOSYNTHESIS
    digitised = text(ds, "ConversionType") == "DF" or text(ds, "Modality") in {"RG", "MG", "CR"}
    return ImageKind.FILM if digitised else ImageKind.OTHER


def _image_type(ds: Dataset) -> tuple[str, ...]:
    return tuple(found.upper() for found in texts(ds, "ImageType"))


def _is_specimen(ds: Dataset) -> bool:
    views = {code(item)[0] for item in items(ds, "ViewCodeSequence")}
    hand_held = text(ds, "PositionerType") == "NONE" and mentions(
        ds, {"StudyDescription": ("specimen",), "SeriesDescription": ("specimen",)}
    )
    return bool(views & codes.SPECIMEN_VIEWS) or hand_held


def _is_stereotactic(ds: Dataset) -> bool:
    third = _image_type(ds)[2:3]
    return any(found.startswith(_STEREO_PREFIXES) for found in third) or mentions(ds, _STEREO_HINTS)


def _is_contrast(ds: Dataset) -> bool:
    return bool(_CONTRAST_TYPES & set(_image_type(ds)[2:])) or bool(text(ds, "ContrastBolusAgent"))


def _is_tomosynthesis_projection(ds: Dataset) -> bool:
    return "TOMO_PROJ" in _image_type(ds)


def _is_film(ds: Dataset) -> bool:
    return text(ds, "DetectorType") == "FILM" or text(ds, "ConversionType") == "DF"


def _is_projected_slab(ds: Dataset) -> bool:
    """Whether a tomosynthesis object is one projected image, as some devices store their synthetic view."""
    frame_type = path(ds, "SharedFunctionalGroupsSequence", "XRay3DFrameTypeSequence")
    words = set(_image_type(ds)) | set(texts(frame_type, "FrameType") if frame_type is not None else ())
    words.add(text(ds, "VolumeBasedCalculationTechnique"))
    return frames(ds) == 1 and bool(words & {"GENERATED_2D", "MAX_IP"})


_SPECIAL: tuple[tuple[ImageKind, Callable[[Dataset], bool]], ...] = (
    (ImageKind.SPECIMEN, _is_specimen),
    (ImageKind.STEREOTACTIC, _is_stereotactic),
    (ImageKind.CONTRAST, _is_contrast),
    (ImageKind.PROJECTION, _is_tomosynthesis_projection),
    (ImageKind.FILM, _is_film),
)
"""Kinds that a mammography SOP class can also carry, the most telling first."""

_INTENTS = {SopFamily.MG_PRESENTATION: "FOR PRESENTATION", SopFamily.MG_PROCESSING: "FOR PROCESSING"}


def _warnings(ds: Dataset, family: SopFamily) -> tuple[ReasonCode, ...]:
    found = []
    if family in codes.MAMMOGRAPHY_FAMILIES and text(ds, "Modality") != "MG":
        found.append(ReasonCode.MODALITY_MISMATCH)
    intent = text(ds, "PresentationIntentType").upper()
    if family in _INTENTS and intent and intent != _INTENTS[family]:
        found.append(ReasonCode.INTENT_MISMATCH)
    return tuple(found)

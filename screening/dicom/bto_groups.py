"""Functional groups and dimensions of a Breast Tomosynthesis Image object (PS3.3 A.55.2, C.7.6.16, C.7.6.17).

What is true of every frame stands in the shared groups, what differs in the groups of the frame. The patient's axes
are L, P, H in mm (PS3.3 C.7.6.2.1.1); in an oblique view they are those of the tilted support, so that positions are
right relative to each other, which is all that a phantom without a body can state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.tag import Tag

from screening.dicom.bto_modules import IMAGE_TYPE, describe_volume
from screening.dicom.mg_modules import BREAST, patient_orientation
from screening.dicom.sr_items import code_item
from screening.domain.identifiers import minted_uid

if TYPE_CHECKING:
    from screening.dicom.bto_object import BtoPixels, Window

_AXES = {"L": (1, 0, 0), "R": (-1, 0, 0), "P": (0, 1, 0), "A": (0, -1, 0), "H": (0, 0, 1), "F": (0, 0, -1)}

Vector = tuple[float, float, float]


def dimensions(dataset: Dataset, image: BtoPixels) -> None:
    """Multi-frame Dimension: stack, and the frame's place in it."""
    organisation = minted_uid(image.sop_instance_uid, "dimensions")
    item = Dataset()
    item.DimensionOrganizationUID = organisation
    dataset.DimensionOrganizationSequence = DicomSequence([item])
    dataset.DimensionOrganizationType = "3D"
    indices = (("StackID", "Stack"), ("InStackPositionNumber", "Slice"))
    dataset.DimensionIndexSequence = DicomSequence([_index(organisation, *index) for index in indices])


def _index(organisation: str, keyword: str, label: str) -> Dataset:
    item = Dataset()
    item.DimensionOrganizationUID = organisation
    item.DimensionIndexPointer = Tag(keyword)
    item.FunctionalGroupPointer = Tag("FrameContentSequence")
    item.DimensionDescriptionLabel = label
    return item


def functional_groups(dataset: Dataset, image: BtoPixels) -> None:
    """Shared and per-frame functional groups; frame 1 is the slice next to the detector."""
    shared = Dataset()
    shared.PixelMeasuresSequence = DicomSequence([_measures(image)])
    shared.PlaneOrientationSequence = DicomSequence([_orientation(image)])
    shared.FrameAnatomySequence = DicomSequence([_anatomy(image)])
    shared.PixelValueTransformationSequence = DicomSequence([_identity()])
    if len(image.windows) == 1:
        shared.FrameVOILUTSequence = DicomSequence([_voi(image.windows[0])])
    dataset.SharedFunctionalGroupsSequence = DicomSequence([shared])
    frames = [_frame(image, number) for number in range(len(image.slices))]
    dataset.PerFrameFunctionalGroupsSequence = DicomSequence(frames)


def _frame(image: BtoPixels, number: int) -> Dataset:
    found, content, place, kind = Dataset(), Dataset(), Dataset(), Dataset()
    content.StackID = "1"
    content.InStackPositionNumber = number + 1
    content.DimensionIndexValues = [1, number + 1]
    content.FrameAcquisitionNumber = 1
    content.FrameReferenceDateTime = content.FrameAcquisitionDateTime = image.acquired_at.strftime("%Y%m%d%H%M%S")
    content.FrameAcquisitionDuration = image.sweep.exposure_ms * image.sweep.projections
    place.ImagePositionPatient = [f"{v:g}" for v in _position(image, number)]
    kind.FrameType = IMAGE_TYPE
    describe_volume(kind)
    kind.ReconstructionIndex = 1
    found.FrameContentSequence = DicomSequence([content])
    found.PlanePositionSequence = DicomSequence([place])
    found.XRay3DFrameTypeSequence = DicomSequence([kind])
    if len(image.windows) > 1:
        found.FrameVOILUTSequence = DicomSequence([_voi(image.windows[number])])
    return found


def _measures(image: BtoPixels) -> Dataset:
    item = Dataset()
    item.PixelSpacing = [f"{image.pixel_mm:g}"] * 2
    item.SliceThickness = f"{image.slice_mm:g}"
    item.SpacingBetweenSlices = f"{image.slice_mm:g}"
    return item


def _orientation(image: BtoPixels) -> Dataset:
    row, column = plane(image)
    item = Dataset()
    item.ImageOrientationPatient = [f"{v:g}" for v in (*row, *column)]
    return item


def plane(image: BtoPixels) -> tuple[Vector, Vector]:
    """Unit vectors of the row and the column direction; an oblique direction lies half way between its letters."""
    row, column = patient_orientation(image.laterality, image.view)
    return _direction(row), _direction(column)


def _direction(letters: str) -> Vector:
    x, y, z = (sum(part) / len(letters) ** 0.5 for part in zip(*(_AXES[letter] for letter in letters), strict=True))
    return x, y, z


def _position(image: BtoPixels, number: int) -> Vector:
    """Centre of the first pixel of a slice: along the normal, away from the detector (PS3.3 C.7.6.2.1.1)."""
    (a, b, c), (d, e, f) = plane(image)
    normal = (b * f - c * e, c * d - a * f, a * e - b * d)
    towards = 1.0 if _upwards(normal) else -1.0
    x, y, z = (round(towards * part * number * image.slice_mm, 6) + 0.0 for part in normal)
    return x, y, z


def _upwards(normal: Vector) -> bool:
    """Whether the normal points away from the detector, which lies below the breast (CC) or lateral of it (MLO)."""
    return normal[2] > 0


def _anatomy(image: BtoPixels) -> Dataset:
    item = Dataset()
    item.FrameLaterality = image.laterality.value
    item.AnatomicRegionSequence = DicomSequence([code_item(BREAST)])
    return item


def _identity() -> Dataset:
    item = Dataset()
    item.RescaleIntercept, item.RescaleSlope, item.RescaleType = "0", "1", "US"
    return item


def _voi(window: Window) -> Dataset:
    item = Dataset()
    item.WindowCenter, item.WindowWidth = f"{window.center:g}", f"{window.width:g}"
    item.VOILUTFunction = window.function
    return item

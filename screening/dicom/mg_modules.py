"""The modules of a Digital Mammography X-Ray Image object, filled from `MgPixels` (PS3.3 A.26.3).

Knows attributes and their order only; pixels are encoded elsewhere. Nothing here is guessed: what the caller does not
say is left out, or empty where the standard demands the attribute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from screening.dicom import sr_codes
from screening.dicom.patient_study import put_patient_and_study
from screening.dicom.sr_codes import Code
from screening.dicom.sr_items import code_item
from screening.domain.errors import InvalidInput
from screening.domain.study import Laterality, View

if TYPE_CHECKING:
    from datetime import datetime

    from screening.dicom.mg_object import Intent, MgPixels
    from screening.domain.identifiers import SeriesInstanceUid, SopInstanceUid
    from screening.domain.study import Device, StudyHeader, ViewModifier

BREAST = Code("76752008", "SCT", "Breast")

_LATERAL_UP = ("A\\R", "P\\L")
_OBLIQUE = ("A\\FR", "P\\FL")
_UPRIGHT = ("A\\F", "P\\F")
PATIENT_ORIENTATION: dict[View, tuple[str, str]] = {
    View.CC: _LATERAL_UP,
    View.XCCL: _LATERAL_UP,
    View.XCCM: _LATERAL_UP,
    View.MLO: _OBLIQUE,
    View.ML: _UPRIGHT,
    View.LM: _UPRIGHT,
}
"""Patient Orientation (0020,0020), row and column direction, of a left and a right breast (PS3.3 C.7.6.1.1.1)."""


def patient_orientation(laterality: Laterality, view: View) -> list[str]:
    """Row and column direction with the chest wall left (left breast) or right (right breast).

    Raises InvalidInput for a view that is not in the table.

    >>> patient_orientation(Laterality.RIGHT, View.MLO)
    ['P', 'FL']
    """
    if view not in PATIENT_ORIENTATION:
        raise InvalidInput(f"no patient orientation is defined for view {view.value}")
    left, right = PATIENT_ORIENTATION[view]
    return (left if laterality is Laterality.LEFT else right).split("\\")


class Instance(Protocol):
    """What the modules common to every breast image object need to know of it."""

    @property
    def header(self) -> StudyHeader:
        """Examination and participant."""

    @property
    def device(self) -> Device:
        """What made the image."""

    @property
    def acquired_at(self) -> datetime:
        """Local time of acquisition."""

    @property
    def sop_class_uid(self) -> str:
        """Kind of object."""

    @property
    def sop_instance_uid(self) -> SopInstanceUid:
        """Name of the object."""

    @property
    def series_instance_uid(self) -> SeriesInstanceUid:
        """Name of its series."""

    @property
    def series_number(self) -> int:
        """Number of its series in the study."""

    @property
    def instance_number(self) -> int:
        """Number of the object in its series."""

    @property
    def intent(self) -> Intent:
        """Presentation intent."""

    @property
    def comments(self) -> str:
        """Image Comments; empty for none."""


class Viewed(Protocol):
    """What the view of an image is told from."""

    @property
    def view(self) -> View:
        """Projection."""

    @property
    def modifiers(self) -> tuple[ViewModifier, ...]:
        """How the view departs from the standard one."""

    @property
    def implant_present(self) -> bool:
        """Whether the breast has an implant."""


def general(dataset: Dataset, image: Instance) -> None:
    """SOP Common, Patient, General Study, General Series, General Equipment, General Image."""
    at = image.acquired_at
    dataset.SOPClassUID = image.sop_class_uid
    dataset.SOPInstanceUID = image.sop_instance_uid
    dataset.SeriesInstanceUID = image.series_instance_uid
    put_patient_and_study(dataset, image.header)
    for keyword in ("ContentDate", "AcquisitionDate", "SeriesDate"):
        setattr(dataset, keyword, at.strftime("%Y%m%d"))
    for keyword in ("ContentTime", "AcquisitionTime", "SeriesTime"):
        setattr(dataset, keyword, at.strftime("%H%M%S"))
    _series(dataset, image)


def _series(dataset: Dataset, image: Instance) -> None:
    dataset.Modality = "MG"
    dataset.PresentationIntentType = image.intent.value
    dataset.SeriesNumber = image.series_number
    dataset.InstanceNumber = image.instance_number
    dataset.Manufacturer = image.device.manufacturer
    dataset.ManufacturerModelName = image.device.model
    dataset.SoftwareVersions = image.device.software
    if image.device.detector_id:
        dataset.DetectorID = image.device.detector_id
    if image.comments:
        dataset.ImageComments = image.comments
    shown = image.intent.value == "FOR PRESENTATION"
    dataset.ImageType = ["DERIVED" if shown else "ORIGINAL", "PRIMARY", ""]


def positioning(dataset: Dataset, image: MgPixels) -> None:
    """DX Anatomy Imaged and Mammography Image (PS3.3 C.8.11.7): side, view, orientation."""
    dataset.ImageLaterality = image.laterality.value
    dataset.PatientOrientation = patient_orientation(image.laterality, image.view)
    dataset.AnatomicRegionSequence = DicomSequence([code_item(BREAST)])
    dataset.BodyPartExamined = "BREAST"
    dataset.OrganExposed = "BREAST"
    dataset.PositionerType = "MAMMOGRAPHIC"
    dataset.ViewPosition = image.view.value
    breast_view(dataset, image)


def breast_view(dataset: Dataset, image: Viewed) -> None:
    """View with its modifiers, implant, whole breast: Mammography Image and Breast View (PS3.3 C.8.11.7, C.8.21.6)."""
    view = code_item(sr_codes.VIEWS[image.view])
    modifiers = [code_item(sr_codes.MODIFIERS[m]) for m in image.modifiers if m in sr_codes.MODIFIERS]
    view.ViewModifierCodeSequence = DicomSequence(modifiers)
    dataset.ViewCodeSequence = DicomSequence([view])
    dataset.BreastImplantPresent = "YES" if image.implant_present else "NO"
    dataset.PartialView = "NO"


def acquisition(dataset: Dataset, image: MgPixels) -> None:
    """DX Detector and Acquisition Context; spacing is that at the detector, row spacing first."""
    dataset.DetectorType = ""
    dataset.ImagerPixelSpacing = [f"{image.pixel_mm:g}"] * 2
    dataset.EstimatedRadiographicMagnificationFactor = f"{image.magnification:g}"
    dataset.AcquisitionContextSequence = DicomSequence([])
    dataset.QualityControlImage = "NO"


def pixel_description(dataset: Dataset, image: MgPixels) -> None:
    """Image Pixel and DX Image modules, with the window For Presentation."""
    inverted = image.photometric.value == "MONOCHROME1"
    shown = image.intent.value == "FOR PRESENTATION"
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = image.photometric.value
    dataset.Rows, dataset.Columns = image.pixels.shape
    dataset.BitsAllocated = 16
    dataset.BitsStored = image.bits_stored
    dataset.HighBit = image.bits_stored - 1
    dataset.PixelRepresentation = 0
    dataset.PixelIntensityRelationship = image.relationship.value
    # the sign tells whether stored values rise (1) or fall (-1) with X-ray intensity (PS3.3 C.8.11.3.1.2)
    dataset.PixelIntensityRelationshipSign = 1 if inverted else -1
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "US"
    dataset.PresentationLUTShape = "INVERSE" if inverted else "IDENTITY"
    dataset.LossyImageCompression = "00"
    # Burned In Annotation asks whether the woman can be identified; a marker that says "synthetic" names nobody
    dataset.BurnedInAnnotation = "NO"
    if image.padding_value is not None:
        top = 2**image.bits_stored - 1
        dataset.PixelPaddingValue = top - image.padding_value if inverted else image.padding_value
    if shown:
        _window(dataset, image, inverted)


def _window(dataset: Dataset, image: MgPixels, inverted: bool) -> None:
    """VOI LUT module; LINEAR is centred on c - 0.5 (PS3.3 C.11.2.1.2.1), so its mirror image lies one value higher."""
    center = image.window_center
    if inverted:
        center = 2**image.bits_stored - 1 - center + (1 if image.voi_function == "LINEAR" else 0)
    dataset.WindowCenter = f"{center:g}"
    dataset.WindowWidth = f"{image.window_width:g}"
    dataset.VOILUTFunction = image.voi_function

"""The modules of a Breast Tomosynthesis Image object outside its functional groups (PS3.3 A.55.3).

Knows attributes and their order only. Nothing here is guessed: what the caller does not say is left out, or empty
where the standard demands the attribute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from screening.dicom import mg_modules

if TYPE_CHECKING:
    from screening.dicom.bto_object import BtoPixels, Sweep

IMAGE_TYPE = ["DERIVED", "PRIMARY", "TOMOSYNTHESIS", "NONE"]
"""Value 3 and 4 of Image Type and Frame Type of a reconstructed volume (PS3.3 C.8.21.1.1.1)."""


def general(dataset: Dataset, image: BtoPixels) -> None:
    """SOP Common, Patient, Study, Series, Equipment, Frame of Reference, X-Ray 3D Image."""
    mg_modules.general(dataset, image)
    dataset.ImageType = IMAGE_TYPE
    for keyword in ("AcquisitionDate", "AcquisitionTime", "PresentationIntentType", "DetectorID"):
        dataset.pop(keyword, None)
    dataset.DeviceSerialNumber = image.device.detector_id or "UNKNOWN"
    dataset.FrameOfReferenceUID = image.frame_of_reference_uid
    dataset.PositionReferenceIndicator = ""
    dataset.ContentQualification = "RESEARCH"
    dataset.BodyPartExamined = "BREAST"
    dataset.NumberOfFrames = len(image.slices)
    describe_volume(dataset)


def describe_volume(target: Dataset) -> None:
    """Common CT/MR Image Description, which the object and each frame state alike (PS3.3 C.8.16.2)."""
    target.PixelPresentation = "MONOCHROME"
    target.VolumetricProperties = "VOLUME"
    target.VolumeBasedCalculationTechnique = "TOMOSYNTHESIS"


def pixel_description(dataset: Dataset, image: BtoPixels) -> None:
    """Image Pixel and X-Ray 3D Image; no VOI here, that is a functional group (PS3.3 A.55.2)."""
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = image.slices.shape[1:]
    dataset.BitsAllocated = 16
    dataset.BitsStored = image.bits_stored
    dataset.HighBit = image.bits_stored - 1
    dataset.PixelRepresentation = 0
    dataset.PresentationLUTShape = "IDENTITY"
    dataset.LossyImageCompression = "00"
    dataset.BurnedInAnnotation = "NO"
    dataset.RecognizableVisualFeatures = "NO"


def acquisition(dataset: Dataset, image: BtoPixels) -> None:
    """Breast Tomosynthesis Acquisition and X-Ray 3D Reconstruction (PS3.3 C.8.21.3.4, C.8.21.4)."""
    dataset.AcquisitionContextSequence = DicomSequence([])
    dataset.XRay3DAcquisitionSequence = DicomSequence([_sweep(image)])
    rebuilt = Dataset()
    rebuilt.ReconstructionDescription = "Synthetic limited-angle reconstruction"
    rebuilt.AcquisitionIndex = 1
    rebuilt.ApplicationName = "Second Read phantom"
    rebuilt.ApplicationVersion = image.device.software or "1"
    rebuilt.ApplicationManufacturer = image.device.manufacturer
    rebuilt.AlgorithmType = "FILTER_BACK_PROJ"
    rebuilt.AlgorithmDescription = "Filtered back projection of a synthetic sweep"
    dataset.XRay3DReconstructionSequence = DicomSequence([rebuilt])


def _sweep(image: BtoPixels) -> Dataset:
    """One sweep of the tube: geometry, detector and technique, and the projections it consists of."""
    sweep, found = image.sweep, Dataset()
    rows, columns = image.slices.shape[1:]
    found.FieldOfViewShape = "RECTANGLE"
    found.FieldOfViewDimensionsInFloat = [round(rows * image.pixel_mm, 3), round(columns * image.pixel_mm, 3)]
    found.FieldOfViewOrigin = [0.0, 0.0]
    found.FieldOfViewRotation = "0"
    found.FieldOfViewHorizontalFlip = "NO"
    found.XRayReceptorType = "DIGITAL_DETECTOR"
    found.DetectorTemperature = "30"
    found.KVP = f"{sweep.kvp:g}"
    found.XRayTubeCurrentInmA = 100.0
    found.ExposureTimeInms = sweep.exposure_ms * sweep.projections
    found.ExposureInmAs = sweep.exposure_mas * sweep.projections
    found.FocalSpots = "0.3"
    found.AnodeTargetMaterial = "TUNGSTEN"
    found.FilterType = "FLAT"
    found.FilterMaterial = "ALUMINUM"
    found.FilterThicknessMinimum, found.FilterThicknessMaximum = "0.7", "0.7"
    found.HalfValueLayer = "0.5"
    found.ExposureControlMode = "MANUAL"
    found.ExposureControlModeDescription = "simulated exposure"
    found.PaddleDescription = "simulated flat paddle"
    found.BodyPartThickness = f"{image.thickness_mm or len(image.slices) * image.slice_mm:g}"
    found.CompressionForce = "100"
    found.DistanceSourceToDetector, found.DistanceSourceToPatient = "650", "630"
    found.EstimatedRadiographicMagnificationFactor = "1"
    _arc(found, sweep)
    angles = np.linspace(sweep.start_degrees, sweep.end_degrees, sweep.projections)
    found.PerProjectionAcquisitionSequence = DicomSequence([_projection(sweep, float(angle)) for angle in angles])
    return found


def _arc(found: Dataset, sweep: Sweep) -> None:
    """X-Ray 3D General Positioner Movement (PS3.3 C.8.21.3.3)."""
    found.PrimaryPositionerScanArc = sweep.end_degrees - sweep.start_degrees
    found.PrimaryPositionerScanStartAngle = sweep.start_degrees
    found.PrimaryPositionerIncrement = found.PrimaryPositionerScanArc / (sweep.projections - 1)


def _projection(sweep: Sweep, angle: float) -> Dataset:
    found = Dataset()
    found.PositionerPrimaryAngle = f"{angle:.3f}"
    found.PositionerPrimaryAngleDirection = "CW"
    found.RelativeXRayExposure = round(1000 / sweep.projections)
    found.KVP = f"{sweep.kvp:g}"
    found.XRayTubeCurrentInmA = 100.0
    found.ExposureTimeInms = sweep.exposure_ms
    found.FrameAcquisitionDuration = sweep.exposure_ms
    found.ExposureInmAs = sweep.exposure_mas
    return found

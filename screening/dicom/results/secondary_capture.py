"""Writes the contact sheet of an AI read as a Secondary Capture (PS3.3 A.8.1), for viewers that show pictures only.

Modality is MG, because it names what acquired the data that the picture was made from (PS3.3 C.7.3.1.1.1), and the
SOP class keeps the sheet from being taken for a mammogram. The sheet shows the date and UID of the study, so Burned In
Annotation is YES, though it bears no name.
"""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image as PilImage
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import SecondaryCaptureImageStorage

from screening.dicom.patient_study import put_patient_and_study
from screening.dicom.results.shell import (
    SECONDARY_CAPTURE,
    Maker,
    put_creation,
    put_no_side,
    put_series,
    seal,
)
from screening.dicom.sr_codes import Code
from screening.dicom.sr_items import code_item, sop_reference
from screening.domain.errors import ReportInvalid
from screening.domain.study import Image, Study

SOURCE_IMAGE = Code("121322", "DCM", "Source image for image processing operation")
"""CID 7202."""


def secondary_capture(study: Study, maker: Maker, png: bytes) -> Dataset:
    """The sheet, a PNG of `render_contact_sheet`, as a data set with its file meta information.

    Raises ReportInvalid when the read is of another study.
    """
    if maker.read.study_instance_uid != study.study_instance_uid:
        raise ReportInvalid("the AI read belongs to another study")
    capture = Dataset()
    put_patient_and_study(capture, study.header)
    put_series(capture, SECONDARY_CAPTURE, maker)
    put_no_side(capture)
    _put_image(capture, study, maker)
    _put_pixels(capture, png)
    capture.SOPClassUID = SecondaryCaptureImageStorage
    seal(capture, SECONDARY_CAPTURE, maker)
    return capture


def _put_image(capture: Dataset, study: Study, maker: Maker) -> None:
    """SC Equipment, General Image and SC Image modules."""
    put_creation(capture, maker)
    capture.ConversionType = "WSD"
    capture.InstanceNumber = 1
    capture.PatientOrientation = ""
    capture.ImageType = ["DERIVED", "SECONDARY"]
    capture.ContentDate = capture.DateOfSecondaryCapture = capture.InstanceCreationDate
    capture.ContentTime = capture.TimeOfSecondaryCapture = capture.InstanceCreationTime
    label = maker.read.identity.label if maker.read.identity else ""
    capture.ImageComments = "; ".join(
        part for part in ("Contact sheet of an AI read, not for diagnosis", label) if part
    )
    capture.BurnedInAnnotation = "YES"
    capture.RecognizableVisualFeatures = "NO"
    capture.LossyImageCompression = "00"
    filled = {fill.sop_instance_uid for fill in maker.read.slots}
    shown = [_source(image) for image in study.images if image.sop_instance_uid in filled]
    if shown:
        capture.SourceImageSequence = DicomSequence(shown)


def _source(image: Image) -> Dataset:
    item = sop_reference(image.sop_class_uid, image.sop_instance_uid)
    item.PurposeOfReferenceCodeSequence = DicomSequence([code_item(SOURCE_IMAGE)])
    return item


def _put_pixels(capture: Dataset, png: bytes) -> None:
    """Image Pixel module: RGB, eight bits, colour by pixel."""
    with PilImage.open(BytesIO(png)) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    capture.Rows, capture.Columns, capture.SamplesPerPixel = pixels.shape
    capture.PhotometricInterpretation = "RGB"
    capture.PlanarConfiguration = 0
    capture.BitsAllocated = capture.BitsStored = 8
    capture.HighBit = 7
    capture.PixelRepresentation = 0
    data = pixels.tobytes()
    capture.PixelData = data + b"\0" * (len(data) % 2)

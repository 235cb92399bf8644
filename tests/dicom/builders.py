"""Small DICOM files made for these tests: one conformant mammogram and ways to damage it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom.config
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian

from screening.dicom.codes import MG_PRESENTATION
from screening.dicom.elements import quiet
from screening.dicom.instance_reader import DicomInstanceReader
from screening.domain.identifiers import FileDigest
from screening.domain.study import Image, StoredObject
from screening.workflow.ports import ReadInstance, StoredFile

STUDY_UID = "1.2.826.0.1.3680043.8.498.1"
NAME = "Vermeulen^Anneke"
NATIVE = str(ExplicitVRLittleEndian)


def breast(
    rows: int = 320, columns: int = 256, bits: int = 12, side: str = "left", seed: int = 1
) -> NDArray[np.uint16]:
    """Half an ellipse of smooth isotropic texture at one side, air 0 elsewhere."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(rows, columns))
    spectrum = np.fft.fft2(noise) / (np.hypot(*np.meshgrid(np.fft.fftfreq(columns), np.fft.fftfreq(rows))) + 0.02)
    texture = np.real(np.fft.ifft2(spectrum))
    y, x = np.mgrid[:rows, :columns]
    depth = 1 - ((y - rows / 2) / (0.42 * rows)) ** 2 - (x / (0.7 * columns)) ** 2
    grey = (0.35 + 0.08 * texture / texture.std()) * np.clip(depth * 4, 0, 1)
    stored = np.where(depth > 0, np.clip(grey, 0.02, 0.95) * (2**bits - 1), 0).astype(np.uint16)
    return stored if side == "left" else np.ascontiguousarray(stored[:, ::-1])


def code(value: str, scheme: str = "SCT", meaning: str = "x", modifiers: tuple[str, ...] = ()) -> Dataset:
    """A code item, with view modifiers beneath."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    if modifiers:
        item.ViewModifierCodeSequence = Sequence([code(modifier) for modifier in modifiers])
    return item


def mammogram(pixels: NDArray[np.uint16] | None = None, /, **changes: object) -> Dataset:
    """A left CC For Presentation; `changes` set elements by keyword, None deletes one."""
    stored = breast() if pixels is None else pixels
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = UID(MG_PRESENTATION), UID("1.2.826.0.1.3680043.8.498.3")
    ds.StudyInstanceUID, ds.SeriesInstanceUID = UID(STUDY_UID), UID("1.2.826.0.1.3680043.8.498.2")
    ds.SpecificCharacterSet, ds.Modality = "ISO_IR 192", "MG"
    ds.ImageType, ds.PresentationIntentType = ["DERIVED", "PRIMARY", ""], "FOR PRESENTATION"
    ds.PatientName, ds.PatientID, ds.IssuerOfPatientID = NAME, "P-4711", "SITE-A"
    ds.PatientBirthDate, ds.PatientSex = "19640229", "F"
    ds.StudyDate, ds.StudyTime, ds.AccessionNumber = "20240228", "101500", "ACC-9"
    ds.AcquisitionDate, ds.AcquisitionTime = "20240228", "101502.5"
    ds.Manufacturer, ds.ManufacturerModelName = "Maker", "Model"
    ds.SoftwareVersions, ds.DetectorID = ["1.0", "2.1"], "D-7"
    ds.ImageLaterality, ds.ViewPosition = "L", "CC"
    ds.ViewCodeSequence = Sequence([code("399162004")])
    ds.PatientOrientation = ["A", "R"]
    ds.ImagerPixelSpacing, ds.EstimatedRadiographicMagnificationFactor = [0.1, 0.2], "1.0"
    ds.BreastImplantPresent, ds.PartialView = "NO", "NO"
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PresentationLUTShape = 1, "MONOCHROME2", "IDENTITY"
    ds.Rows, ds.Columns = stored.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.WindowCenter, ds.WindowWidth = "2048", "4096"
    ds.PixelData = stored.astype("<u2").tobytes()
    return changed(ds, changes)


def changed(ds: Dataset, changes: Mapping[str, object]) -> Dataset:
    """Set or delete elements without any validation, as a careless writer would."""
    with quiet(), pydicom.config.disable_value_validation():
        for keyword, value in changes.items():
            if value is None:
                ds.pop(keyword, None)
            else:
                setattr(ds, keyword, value)
    return ds


def write(ds: Dataset, path: Path, syntax: str = NATIVE, preamble: bool = True) -> Path:
    """Write `ds` with a file meta group; the pixel data must already be in `syntax`."""
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = UID(MG_PRESENTATION)
    ds.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3.4")
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    if "PixelData" in ds:
        ds["PixelData"].VR = "OB" if UID(syntax).is_compressed and not UID(syntax).is_deflated else "OW"
    with quiet(), pydicom.config.disable_value_validation():
        ds.save_as(path, enforce_file_format=preamble)
    return path


def compressed(ds: Dataset, *streams: bytes, fragments_per_frame: int = 1) -> Dataset:
    """Replace the pixel data by encapsulated streams, one per frame."""
    ds.PixelData = encapsulate(list(streams), fragments_per_frame=fragments_per_frame)
    ds["PixelData"].is_undefined_length = True
    return ds


def lossless(pixels: NDArray[np.uint16], bits: int = 12) -> bytes:
    """A JPEG lossless stream, selection value 1."""
    return bytes(imagecodecs.ljpeg_encode(pixels, bitspersample=bits))


def digest(path: Path) -> FileDigest:
    """Name of a file in the content-addressed store."""
    return FileDigest(hashlib.sha256(path.read_bytes()).hexdigest())


def read(path: Path) -> ReadInstance:
    """Read a file as the service does."""
    return DicomInstanceReader().read(path, digest(path))


def read_image(path: Path) -> Image:
    """Read a file that must be an image."""
    content = read(path).content
    assert isinstance(content, Image)
    return content


def read_other(path: Path) -> StoredObject:
    """Read a file that must not be an image."""
    content = read(path).content
    assert isinstance(content, StoredObject)
    return content


class OneFile:
    """A file store that holds one file under every digest."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, source: Path) -> StoredFile:
        """Nothing is stored here."""
        raise NotImplementedError

    def path(self, digest: FileDigest) -> Path:
        """The file."""
        return self._path

    def digests(self) -> Iterator[FileDigest]:
        """The one digest."""
        yield digest(self._path)

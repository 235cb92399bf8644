"""Times the DICOM reading side on a full-field image, beside pydicom's own way of doing the same in the same run.

Run `python -m benchmarks.bench_dicom [--rounds N]`. Synthetic pixels; trust ratios on a shared machine, not wall time.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.processing import apply_voi_lut
from pydicom.sequence import Sequence
from pydicom.uid import UID

from screening.dicom.codes import MG_PRESENTATION
from screening.dicom.instance_reader import DicomInstanceReader
from screening.dicom.pixel_source import DicomPixelSource
from screening.domain.identifiers import FileDigest
from screening.domain.study import Image
from screening.workflow.ports import StoredFile

ROWS, COLUMNS, BITS = 3328, 2560, 12

Encoder = Callable[[NDArray[np.uint16]], bytes]
ENCODERS: dict[str, tuple[str, Encoder | None]] = {
    "native": ("1.2.840.10008.1.2.1", None),
    "JPEG lossless": ("1.2.840.10008.1.2.4.70", lambda p: bytes(imagecodecs.ljpeg_encode(p, bitspersample=BITS))),
    "JPEG 2000": (
        "1.2.840.10008.1.2.4.90",
        lambda p: bytes(imagecodecs.jpeg2k_encode(p, level=0, reversible=True, codecformat="j2k", bitspersample=BITS)),
    ),
    "JPEG-LS": ("1.2.840.10008.1.2.4.80", lambda p: bytes(imagecodecs.jpegls_encode(p))),
    "HTJ2K": ("1.2.840.10008.1.2.4.201", lambda p: bytes(imagecodecs.htj2k_encode(p))),
}


class OneFile:
    """A file store of one file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, source: Path) -> StoredFile:
        """Nothing is stored here."""
        raise NotImplementedError

    def path(self, digest: FileDigest) -> Path:
        """The file."""
        return self._path

    def digests(self) -> Iterator[FileDigest]:
        """None."""
        return iter(())


def picture(seed: int = 1) -> NDArray[np.uint16]:
    """A right breast of smooth texture with quantum noise on air."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(size=(ROWS // 32, COLUMNS // 32))
    texture = np.kron(coarse, np.ones((32, 32)))
    for axis in (0, 1):
        texture = np.mean([np.roll(texture, shift, axis) for shift in range(-24, 25, 4)], axis=0)
    y, x = np.mgrid[:ROWS, :COLUMNS]
    depth = 1 - ((y - ROWS / 2) / (0.42 * ROWS)) ** 2 - ((COLUMNS - x) / (0.6 * COLUMNS)) ** 2
    grey = 1400 + 400 * texture / texture.std() + rng.normal(0, 12, (ROWS, COLUMNS))
    return np.where(depth > 0, np.clip(grey, 40, 4000), 0).astype(np.uint16)


def write(pixels: NDArray[np.uint16], syntax: str, encode: Encoder | None, path: Path) -> None:
    """A right CC For Presentation with a SIGMOID window."""
    ds, view = Dataset(), Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = UID(MG_PRESENTATION), UID("1.2.3.4")
    ds.StudyInstanceUID, ds.SeriesInstanceUID = UID("1.2.3"), UID("1.2.3.1")
    ds.Modality, ds.ImageType, ds.PresentationIntentType = "MG", ["DERIVED", "PRIMARY", ""], "FOR PRESENTATION"
    ds.ImageLaterality, ds.ViewPosition, ds.PatientOrientation = "R", "CC", ["P", "L"]
    view.CodeValue, view.CodingSchemeDesignator, view.CodeMeaning = "399162004", "SCT", "cranio-caudal"
    ds.ViewCodeSequence, ds.ImagerPixelSpacing = Sequence([view]), [0.07, 0.07]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = pixels.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, BITS, BITS - 1, 0
    ds.WindowCenter, ds.WindowWidth, ds.VOILUTFunction = "1500", "2500", "SIGMOID"
    ds.PixelData = encapsulate([encode(pixels)]) if encode else pixels.tobytes()
    ds["PixelData"].VR = "OB" if encode else "OW"
    ds["PixelData"].is_undefined_length = encode is not None
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    ds.save_as(path, enforce_file_format=True)


def pydicom_way(path: Path) -> NDArray[np.float32]:
    """The same picture as pydicom users get it: pixel array, VOI in float64, scaled, mirrored."""
    ds = pydicom.dcmread(path)
    shown = apply_voi_lut(ds.pixel_array, ds) / (2**BITS - 1)
    return np.ascontiguousarray(shown[:, ::-1], dtype=np.float32)


def milliseconds(act: Callable[[], object], rounds: int) -> float:
    """Median wall time of some rounds, after one that does not count."""
    act()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        act()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def row(name: str, path: Path, rounds: int) -> str:
    """One line of the table: header, load, pydicom's way, largest difference between the two pictures."""
    reader, digest = DicomInstanceReader(), FileDigest(hashlib.sha256(path.read_bytes()).hexdigest())
    image, source = reader.read(path, digest).content, DicomPixelSource(OneFile(path))
    assert isinstance(image, Image), "the benchmark writes images"
    header = milliseconds(lambda: reader.read(path, digest), rounds)
    ours = milliseconds(lambda: source.load(image), rounds)
    try:
        difference = float(np.abs(source.load(image).pixels - pydicom_way(path)).max())
        theirs = milliseconds(lambda: pydicom_way(path), rounds)
    except RuntimeError:
        return f"{name:14} {header:9.1f} {ours:9.0f}   (no plugin installed)"
    return f"{name:14} {header:9.1f} {ours:9.0f} {theirs:9.0f} {theirs / ours:7.2f}x {difference:10.1e}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    warnings.simplefilter("ignore")
    pixels = picture()
    print(f"{ROWS} x {COLUMNS}, {BITS} bits, median of {rounds}, ms; {os.cpu_count()} cores")
    print(f"{'syntax':14} {'header':>9} {'load':>9} {'pydicom':>9} {'ratio':>8} {'difference':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for name, (syntax, encode) in ENCODERS.items():
            path = Path(folder) / "image.dcm"
            write(pixels, syntax, encode, path)
            print(row(name, path, rounds), flush=True)


if __name__ == "__main__":
    main()

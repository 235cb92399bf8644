"""Exams with files, and what the readers of other products are given, for tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from readers.ai.calibration import Calibration, Calibrations
from readers.plugins.contract import ReaderContext, RemoteOptions, SendMode
from screening.dicom.cad_sr import MammographyCadSrWriter
from screening.dicom.cad_sr_reading import MAMMOGRAPHY_CAD_SR, DicomCadSrSource
from screening.domain.ai_read import AiRead
from screening.domain.errors import NotFound
from screening.domain.identifiers import FileDigest, SeriesInstanceUid, SopInstanceUid
from screening.domain.quality import ReasonCode
from screening.domain.study import StoredObject, Study
from tests.dicom_out import samples
from tests.readers.ai.known_model import CALIBRATION

STUDY = Study(
    samples.HEADER,
    tuple(replace(i, digest=FileDigest(f"{n:064d}")) for n, i in enumerate(samples.STUDY.images, start=1)),
)
"""The four standard views, each with a file of its own."""

SR_DIGEST = FileDigest("5" * 64)
SR = StoredObject(
    SopInstanceUid("1.2.826.0.1.3680043.8.498.1.7.1"),
    SeriesInstanceUid("1.2.826.0.1.3680043.8.498.1.7"),
    samples.STUDY_UID,
    MAMMOGRAPHY_CAD_SR,
    SR_DIGEST,
    ReasonCode.NOT_AN_IMAGE,
)


class Files:
    """Files in a folder, named by digest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for image in STUDY.images:
            (folder / image.digest).write_bytes(b"pixels of " + image.digest.encode())

    def path(self, digest: FileDigest) -> Path:
        """The file. Raises NotFound."""
        path = self.folder / digest
        if not path.exists():
            raise NotFound("no such file")
        return path

    def report(self, read: AiRead = samples.OK_READ, digest: FileDigest = SR_DIGEST, study: Study = STUDY) -> Study:
        """Write a CAD report as another product would store it; the study with it."""
        MammographyCadSrWriter().write(study, read, samples.AT, self.folder / digest)
        return replace(study, others=(*study.others, replace(SR, digest=digest)))


def calibration_of(product: str, preprocessing: str) -> Calibration:
    """An accepted calibration for a product that is not ours, on the device of the samples."""
    device = STUDY.images[0].device
    stratum = replace(
        CALIBRATION.stratum, manufacturer=device.manufacturer, model=device.model, software=device.software
    )
    return replace(
        CALIBRATION,
        id=f"cal-{preprocessing}",
        product=product,
        stratum=stratum,
        weights_sha256="not stated",
        preprocessing_sha256="not stated",
        precision="not stated",
        preprocessing=preprocessing,
    )


CAD_CALIBRATION = calibration_of("Second Read/phantom-mg@0.3.0", "cad-sr-tid4000")
REMOTE_CALIBRATION = calibration_of("Other Product@4.2", "http-reader-1")


def context(
    files: Files, calibrated: bool = True, url: str = "", send: SendMode = SendMode.FILES, timeout_s: float = 10.0
) -> ReaderContext:
    """What a plug-in is given."""
    known = Calibrations([CAD_CALIBRATION, REMOTE_CALIBRATION] if calibrated else [])
    remote = RemoteOptions(url, timeout_s=timeout_s, send=send, token="t0ken")  # noqa: S106
    return ReaderContext(files, DicomCadSrSource(files), known, remote=remote)

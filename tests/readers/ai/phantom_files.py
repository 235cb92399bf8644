"""Phantom exams as DICOM files for tests of the reader: mammograms and volumes, a current and a prior exam."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from models import phantom
from models.phantom.spec import LATERALITIES, VIEWS, ExamSpec
from models.phantom.tomosynthesis import tomosynthesis
from screening.app.scoring import FilesInPlace, describe
from screening.dicom.bto_object import BtoPixels, Window, write_bto
from screening.dicom.instance_reader import DicomInstanceReader
from screening.dicom.mg_object import MgPixels, write_mg
from screening.dicom.pixel_source import DicomPixelSource
from screening.domain import identifiers as ids
from screening.domain.study import Device, Laterality, Study, StudyHeader, View
from screening.workflow.ports import PixelSource

DAY = datetime(2026, 1, 5, 8, 0)  # noqa: DTZ001
DEVICE = Device("Second Read Phantom", "Style A", "1.0")
JPEG_LS = "1.2.840.10008.1.2.4.80"


def header(number: int, years_ago: int = 0) -> StudyHeader:
    """An examination of made-up woman `number`."""
    woman = ids.Participant(ids.PersonId("TEST", f"SYN-{number}"), "SYNTHETIC", f"W{number}")
    study = ids.StudyInstanceUid(ids.minted_uid("reader-test", str(number), str(years_ago)))
    day = DAY.date() - timedelta(days=365 * years_ago)
    return StudyHeader(study, woman, f"A{number}{years_ago}", day)


def write_mammograms(folder: Path, number: int, spec: ExamSpec, years_ago: int = 0) -> list[Path]:
    """The four views of one exam."""
    of = header(number, years_ago)
    return [_mammogram(folder, of, view) for view in phantom.exam(number, spec).views]


def _mammogram(folder: Path, of: StudyHeader, view: phantom.PhantomView) -> Path:
    path = folder / f"{of.accession_number}-{view.laterality}{view.view}.dcm"
    pixels = MgPixels(
        pixels=view.pixels,
        header=of,
        laterality=Laterality(view.laterality),
        view=View(view.view),
        pixel_mm=view.pixel_mm,
        device=DEVICE,
        window_center=2048,
        window_width=4096,
        acquired_at=DAY,
        sop_instance_uid=ids.SopInstanceUid(ids.minted_uid(of.study_instance_uid, path.name)),
        series_instance_uid=ids.SeriesInstanceUid(ids.minted_uid(of.study_instance_uid, "series")),
    )
    write_mg(pixels, path, JPEG_LS)
    return path


def write_volumes(folder: Path, number: int, spec: ExamSpec) -> list[Path]:
    """The four volumes of one exam, every frame with a window of its own."""
    of = header(number)
    return [_volume(folder, of, tomosynthesis(number, spec, side, view)) for side in LATERALITIES for view in VIEWS]


def _volume(folder: Path, of: StudyHeader, volume: phantom.PhantomVolume) -> Path:
    path = folder / f"{of.accession_number}-{volume.laterality}{volume.view}-dbt.dcm"
    uid = ids.minted_uid(of.study_instance_uid, path.name)
    pixels = BtoPixels(
        slices=volume.slices,
        header=of,
        laterality=Laterality(volume.laterality),
        view=View(volume.view),
        pixel_mm=volume.pixel_mm,
        slice_mm=volume.slice_mm,
        device=DEVICE,
        windows=[Window(2048 + 2 * n, 4096) for n in range(len(volume.slices))],
        acquired_at=DAY,
        sop_instance_uid=ids.SopInstanceUid(uid),
        series_instance_uid=ids.SeriesInstanceUid(ids.minted_uid(uid, "series")),
        frame_of_reference_uid=ids.minted_uid(uid, "frame"),
    )
    write_bto(pixels, path, JPEG_LS)
    return path


def opened(paths: list[Path]) -> tuple[list[Study], PixelSource]:
    """The studies in these files, and their pixels."""
    place = FilesInPlace()
    studies, unreadable, _names = describe(paths, place, DicomInstanceReader())
    assert not unreadable
    return studies, DicomPixelSource(place)

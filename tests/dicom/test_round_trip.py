"""What this service writes as a mammogram it reads back as the same mammogram, and its results as its own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from screening.dicom.mg_encode import TRANSFER_SYNTAXES
from screening.dicom.mg_object import Intent, MgPixels, Photometric, write_mg
from screening.dicom.pixel_source import DicomPixelSource
from screening.domain.identifiers import (
    Participant,
    PersonId,
    SeriesInstanceUid,
    SopInstanceUid,
    StudyInstanceUid,
    minted_uid,
)
from screening.domain.study import Device, ImageKind, Laterality, StudyHeader, View, ViewModifier
from tests.dicom.builders import OneFile, breast, read, read_image

HEADER = StudyHeader(
    study_instance_uid=StudyInstanceUid("1.2.826.0.1.3680043.8.498.1"),
    participant=Participant(PersonId("SYNTHETIC", "S-1"), "van der Zee", "Anna", "1970-01-31", "F"),
    accession_number="A-1",
    study_date=datetime(2026, 3, 2, tzinfo=UTC).date(),
)
DEVICE = Device("Second Read Phantom", "Style A", "1.0", "D-1")
L, R = Laterality.LEFT, Laterality.RIGHT


def mammogram(laterality: Laterality, view: View, photometric: Photometric, intent: Intent) -> MgPixels:
    return MgPixels(
        pixels=breast(side="left" if laterality is L else "right"),
        header=HEADER,
        laterality=laterality,
        view=view,
        pixel_mm=0.1,
        device=DEVICE,
        window_center=2048,
        window_width=4096,
        acquired_at=datetime(2026, 3, 2, 9, 20, tzinfo=UTC),
        sop_instance_uid=SopInstanceUid(minted_uid("woman", laterality, view)),
        series_instance_uid=SeriesInstanceUid("1.2.3.8"),
        modifiers=(ViewModifier.NIPPLE_IN_PROFILE,),
        photometric=photometric,
        intent=intent,
        padding_value=0,
        marker=f"{laterality.value} {view.value}",
    )


@pytest.mark.parametrize("laterality", [L, R])
@pytest.mark.parametrize("view", [View.CC, View.MLO])
@pytest.mark.parametrize("photometric", Photometric)
@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES)
def test_a_written_mammogram_comes_back(
    tmp_path: Path, laterality: Laterality, view: View, photometric: Photometric, syntax: str
) -> None:
    written = mammogram(laterality, view, photometric, Intent.PRESENTATION)
    path = tmp_path / "a.dcm"
    write_mg(written, path, syntax)
    image = read_image(path)
    assert (image.kind, image.exclusion, image.warnings) == (ImageKind.FFDM, None, ())
    assert (image.laterality, image.view, image.device) == (laterality, view, DEVICE)
    assert image.modifiers == {ViewModifier.NIPPLE_IN_PROFILE}
    assert image.acquired_at == written.acquired_at
    shown = DicomPixelSource(OneFile(path)).load(image)
    assert shown.flip.horizontal is (laterality is R)
    expected = breast() / 4095
    tissue = expected > 0
    assert np.allclose(shown.pixels[tissue], expected[tissue], atol=2e-3)


def test_a_for_processing_mammogram_keeps_its_kind(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    write_mg(mammogram(L, View.CC, Photometric.MONOCHROME1, Intent.PROCESSING), path)
    image = read_image(path)
    assert (image.kind, image.exclusion) == (ImageKind.FFDM_PROCESSING, None)


def test_the_participant_comes_back_verbatim(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    write_mg(mammogram(L, View.CC, Photometric.MONOCHROME2, Intent.PRESENTATION), path)
    header = read(path).header
    assert header.person == HEADER.person
    assert (header.accession_number, header.study_date) == (HEADER.accession_number, HEADER.study_date)
    assert header.participant.birth_date == HEADER.participant.birth_date

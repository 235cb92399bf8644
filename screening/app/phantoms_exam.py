"""Writes one phantom exam as DICOM files and says what is true of it; runs in a process of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from models import phantom
from models.phantom.spec import LATERALITIES, VIEWS, PhantomView, PhantomVolume
from models.phantom.tomosynthesis import volume
from screening.app.phantom_images import COMMENT, FULL_RANGE, USUAL_SYNTAX, mammogram
from screening.app.phantoms import Kind, Wanted
from screening.app.phantoms_truth import ExamTruth, ImageTruth, image_truth
from screening.dicom.bto_object import BtoPixels, Sweep, write_bto
from screening.dicom.mg_object import Intent, MgPixels, Photometric, Relationship, write_mg
from screening.domain import identifiers as ids
from screening.domain.study import Device, Laterality, StudyHeader, View, ViewModifier

ISSUER = "SECOND-READ-PHANTOM"
START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
RAW_BITS = 14
BIRTH_YEAR = 1965


def write_exam(wanted: Wanted, out: Path) -> ExamTruth:
    """Write the files of one exam into its folder below `out`; returns what is true of it."""
    (out / wanted.folder).mkdir()
    writer = _Writer(wanted, out)
    images = [truth for side in LATERALITIES for truth in writer.breast(side)]
    cancer = {side: _has_cancer(images, side) for side in LATERALITIES}
    return ExamTruth(
        folder=wanted.folder,
        study_instance_uid=writer.header.study_instance_uid,
        seed=wanted.seed,
        prior=wanted.is_prior,
        style=wanted.spec.vendor,
        density=writer.density,
        implants=wanted.spec.implants,
        cancer_left=cancer["L"],
        cancer_right=cancer["R"],
        images=images,
    )


def _has_cancer(images: list[ImageTruth], side: str) -> bool:
    return any(row["malignant"] for image in images if image["laterality"] == side for row in image["lesions"])


def study_header(wanted: Wanted) -> StudyHeader:
    """A made-up examination of a made-up woman, named as such."""
    day = START + timedelta(days=(wanted.number - 1) // 40)
    day -= timedelta(days=round(365 * wanted.spec.prior_years))
    purpose = ("phantom", str(wanted.seed), f"{wanted.spec.prior_years:g}", wanted.spec.vendor, wanted.order.kind)
    name = f"{wanted.order.seed}-{wanted.number:05d}"
    person = ids.PersonId(ISSUER, f"PHANTOM-{name}")
    return StudyHeader(
        study_instance_uid=ids.StudyInstanceUid(ids.minted_uid(*purpose)),
        participant=ids.Participant(person, "SYNTHETIC", f"Phantom{wanted.number:05d}", f"{BIRTH_YEAR}-06-15"),
        accession_number=f"P{wanted.number:05d}{'P' if wanted.is_prior else ''}",
        study_date=day.date(),
        study_time=(day + timedelta(minutes=10 * ((wanted.number - 1) % 40))).strftime("%H%M%S"),
        institution="Phantom unit",
        age_years=day.year - BIRTH_YEAR,
        study_id=str(wanted.number),
    )


def sweep_of(style: phantom.VendorStyle) -> Sweep:
    """The device's sweep as its header states it."""
    return Sweep(-style.sweep_deg / 2, style.sweep_deg / 2, style.projections)


class _Writer:
    """Writes the images of one exam, numbering them as it goes."""

    def __init__(self, wanted: Wanted, out: Path) -> None:
        self.wanted, self.folder = wanted, out / wanted.folder
        self.header = study_header(wanted)
        self.style = phantom.STYLES[wanted.spec.vendor]
        self.device = Device(self.style.manufacturer, self.style.model_name, self.style.software_versions)
        self.syntax = wanted.order.transfer_syntax or USUAL_SYNTAX[wanted.spec.vendor]
        self.density = ""
        self._number = 0

    def breast(self, side: phantom.spec.Laterality) -> list[ImageTruth]:
        """Write every image of one breast."""
        made: list[ImageTruth] = []
        breast = phantom.Breast(self.wanted.seed, self.wanted.spec, side)
        for view in VIEWS:
            scene = breast.scene(view)
            if self.wanted.order.kind is not Kind.DBT:
                made += self._mammograms(phantom.mammogram(scene, self.style))
            if self.wanted.order.kind is not Kind.FFDM:
                made.append(self._volume(volume(scene, self.style)))
        return made

    def _mammograms(self, image: PhantomView) -> list[ImageTruth]:
        """The image For Presentation, and the raw one where it was asked for."""
        shown = self._mammogram(image)
        return [shown, self._raw(image)] if self.wanted.order.raw else [shown]

    def _mammogram(self, image: PhantomView) -> ImageTruth:
        name = self._name(image, "")
        made = self._mg(image, name)
        write_mg(made, self.folder / f"{name}.dcm", self.syntax)
        return image_truth(image, f"{name}.dcm", made.sop_instance_uid, "ffdm")

    def _raw(self, image: PhantomView) -> ImageTruth:
        """The detector's counts, stored as MONOCHROME1 as devices do."""
        name = self._name(image, "-raw")
        counts = phantom.for_processing(self.wanted.seed, self.wanted.spec, image.laterality, image.view)
        raw = replace(
            self._mg(image, name),
            pixels=(2**RAW_BITS - 1 - counts.astype(np.int32)).astype(np.uint16),
            bits_stored=RAW_BITS,
            intent=Intent.PROCESSING,
            photometric=Photometric.MONOCHROME1,
            relationship=Relationship.LINEAR,
        )
        write_mg(raw, self.folder / f"{name}.dcm", self.syntax)
        return image_truth(image, f"{name}.dcm", raw.sop_instance_uid, "raw")

    def _volume(self, image: PhantomVolume) -> ImageTruth:
        name = self._name(image, "-dbt")
        study, slot = self.header.study_instance_uid, f"{image.laterality}{image.view}"
        per_frame = self.wanted.order.per_frame_voi
        bto = BtoPixels(
            slices=image.slices,
            header=self.header,
            laterality=Laterality(image.laterality),
            view=View(image.view),
            pixel_mm=image.pixel_mm,
            slice_mm=image.slice_mm,
            device=self.device,
            windows=[FULL_RANGE] * (len(image.slices) if per_frame else 1),
            acquired_at=self._taken_at(),
            sop_instance_uid=ids.SopInstanceUid(ids.minted_uid(study, name)),
            series_instance_uid=ids.SeriesInstanceUid(ids.minted_uid(study, "series", name)),
            frame_of_reference_uid=ids.minted_uid(study, "compression", slot),
            series_number=self._number,
            modifiers=self._modifiers(),
            implant_present=self.wanted.spec.implants is not None,
            sweep=sweep_of(self.style),
            comments=COMMENT,
        )
        write_bto(bto, self.folder / f"{name}.dcm", self.syntax)
        return image_truth(image, f"{name}.dcm", bto.sop_instance_uid, "dbt")

    def _mg(self, image: PhantomView, name: str) -> MgPixels:
        shown = mammogram(image, self.header, self.device, name, self._number, self._taken_at())
        implant = self.wanted.spec.implants is not None
        return replace(shown, modifiers=self._modifiers(), implant_present=implant)

    def _name(self, image: PhantomView | PhantomVolume, suffix: str) -> str:
        """Name of the next image."""
        self._number += 1
        self.density = image.density
        return f"{image.laterality}{image.view}{suffix}"

    def _taken_at(self) -> datetime:
        day = self.header.study_date or START.date()
        start = datetime.combine(day, datetime.strptime(self.header.study_time, "%H%M%S").replace(tzinfo=UTC).time())
        return start + timedelta(minutes=self._number)

    def _modifiers(self) -> tuple[ViewModifier, ...]:
        return (ViewModifier.IMPLANT_DISPLACED,) if self.wanted.spec.implants == "displaced" else ()

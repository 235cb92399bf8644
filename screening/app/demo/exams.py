"""Make the images of the demonstration: phantom exams with their truth, written as DICOM mammograms."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from models import phantom
from models.phantom.spec import ExamSpec, LesionKind, LesionSpec, PhantomView
from readers.simulated.lesions import Lesion
from screening.app.demo.cast import Participant
from screening.app.phantom_images import USUAL_SYNTAX, mammogram
from screening.dicom.mg_object import MgPixels, write_mg
from screening.domain import identifiers as ids
from screening.domain.opinion import FindingType
from screening.domain.study import Slot, StudyHeader

ISSUER = "SECOND-READ-DEMO"
PIXEL_MM, ROWS, COLUMNS = 0.2, 960, 768

KINDS: dict[FindingType, LesionKind] = {
    FindingType.MASS: "spiculated_mass",
    FindingType.MASS_WITH_CALCIFICATION: "spiculated_mass",
    FindingType.CALCIFICATION: "calcifications",
    FindingType.ARCHITECTURAL_DISTORTION: "distortion",
    FindingType.ASYMMETRY: "asymmetry",
    FindingType.FOCAL_ASYMMETRY: "asymmetry",
}


def study_uid(number: int, years_ago: int = 0, attempt: int = 1) -> ids.StudyInstanceUid:
    """UID of a demonstration study."""
    return ids.StudyInstanceUid(ids.minted_uid("demo-study", str(number), str(years_ago), str(attempt)))


def exam_count(cast: Sequence[Participant]) -> int:
    """How many exams `write_exams` writes, priors included."""
    return len(cast) + sum(participant.has_prior for participant in cast)


def write_exams(
    cast: Sequence[Participant], seed: int, day: datetime, folder: Path, done: Callable[[], None], workers: int = 2
) -> list[Path]:
    """Write the exams of the round, with the prior where there is one; returns one folder per study."""
    wanted = [(p, seed, day, folder, 0) for p in cast]
    wanted += [(p, seed, day, folder, 2) for p in cast if p.has_prior]
    with ProcessPoolExecutor(workers) as pool:
        folders = []
        for written in pool.map(_write_one, *zip(*wanted, strict=True)):
            folders.append(written)
            done()
        return folders


def write_exam(participant: Participant, seed: int, day: datetime, folder: Path, years_ago: int = 0) -> Path:
    """Write one exam: a DICOM file per view and the truth beside it as JSON."""
    exam = phantom.exam(seed * 10_000 + participant.number, exam_spec(participant, years_ago))
    header = study_header(participant, day - timedelta(days=730 if years_ago else 0), years_ago)
    target = folder / f"woman-{participant.number:04d}{'-prior' if years_ago else ''}-{participant.woman.attempt}"
    target.mkdir(parents=True, exist_ok=True)
    truth = {}
    for number, view in enumerate(exam.views, 1):
        slot = Slot(view.laterality + view.view)
        if slot is participant.missing:
            continue
        image = mg_image(view, header, participant, number, day)
        write_mg(image, target / f"{slot.value}.dcm", USUAL_SYNTAX[participant.style])
        boxes = [{"kind": t.kind, "malignant": t.malignant, "box": t.box} for t in view.lesions]
        truth[slot.value] = boxes
    (target / "truth.json").write_text(json.dumps(truth, indent=2), encoding="utf-8")
    return target


def exam_spec(participant: Participant, years_ago: int = 0) -> ExamSpec:
    """The phantom that shows what is true of this woman."""
    woman = participant.woman
    lesions = []
    if woman.cancer is not None:
        lesions.append(_lesion_spec(woman.cancer.lesion, malignant=True))
    if woman.benign is not None:
        lesions.append(_lesion_spec(woman.benign, malignant=False))
    return ExamSpec(
        lesions=tuple(lesions),
        density=woman.density.value,
        vendor=participant.style,
        prior_years=float(years_ago),
        rows=ROWS,
        cols=COLUMNS,
        pixel_mm=PIXEL_MM,
    )


def study_header(participant: Participant, day: datetime, years_ago: int = 0) -> StudyHeader:
    """A made-up examination of a made-up woman, named as such."""
    woman = participant.woman
    person = ids.PersonId(ISSUER, f"SYN-{woman.number:06d}")
    return StudyHeader(
        study_instance_uid=study_uid(woman.number, years_ago, woman.attempt),
        participant=ids.Participant(
            person, "SYNTHETIC", f"Woman{woman.number:04d}", f"{day.year - woman.age_years}-06-15"
        ),
        accession_number=f"SYN{woman.number:06d}{woman.attempt if not years_ago else 'P'}",
        study_date=day.date(),
        study_time=day.strftime("%H%M%S"),
        institution=woman.site.unit,
        age_years=woman.age_years,
        study_id=f"{woman.number}",
    )


def _write_one(participant: Participant, seed: int, day: datetime, folder: Path, years_ago: int) -> Path:
    return write_exam(participant, seed, day, folder, years_ago)


def _lesion_spec(lesion: Lesion, malignant: bool) -> LesionSpec:
    kind = KINDS.get(lesion.type, "circumscribed_mass")
    if not malignant and kind == "spiculated_mass":
        kind = "circumscribed_mass"
    return LesionSpec(kind=kind, malignant=malignant, laterality=lesion.laterality.value)


def mg_image(view: PhantomView, header: StudyHeader, participant: Participant, number: int, day: datetime) -> MgPixels:
    """One phantom view as the mammogram to write: the `number`-th of the study, marked as synthetic."""
    slot, at = Slot(view.laterality + view.view), (day + timedelta(minutes=number)).replace(tzinfo=None)
    shown = mammogram(view, header, participant.device, slot.value, number, at)
    return replace(shown, implant_present=participant.woman.implant, marker=f"{slot.value} SYNTHETIC")

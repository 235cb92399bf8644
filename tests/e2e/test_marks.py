"""A lesion in the phantom, through DICOM, flips, crop and resize, comes back in its truth box in stored pixels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models import phantom
from models.phantom.spec import ExamSpec, LesionSpec, PhantomView
from models.predictions import ViewPrediction
from models.preprocess import PreparedView
from models.regions import Region as ViewRegion
from readers.ai.calibration import Calibrations
from readers.ai.reader import NeuralReader, ViewModel
from screening.app import compose
from screening.app.demo.cast import cast
from screening.app.demo.exams import mg_image, study_header
from screening.app.scoring import FilesInPlace, describe
from screening.app.settings import Settings
from screening.dicom.mg_object import Photometric, write_mg
from screening.domain.ai_read import AiRead
from screening.domain.study import Slot, Study
from screening.workflow.ports import AiReader
from tests.readers.ai.known_model import KnownModel
from tests.services import START

SPEC = ExamSpec(
    lesions=(
        LesionSpec("spiculated_mass", malignant=True, laterality="L", size_mm=16.0, conspicuity=2.5),
        LesionSpec("spiculated_mass", malignant=True, laterality="R", size_mm=16.0, conspicuity=2.5),
    ),
    density="a",
    rows=960,
    cols=700,
    pixel_mm=0.2,
)


class TruthModel(KnownModel):
    """Marks the brightest blob that the test planted: proves the geometry, not the network."""

    def predict(self, prepared: PreparedView) -> ViewPrediction:
        """One mark on the planted blob, in the caller's pixels."""
        y, x = np.unravel_index(int(np.argmax(prepared.array[0])), prepared.array[0].shape)
        box = prepared.transform.box_to_source((float(x) - 1, float(y) - 1, float(x) + 2, float(y) + 2))
        return replace(super().predict(prepared), regions=(ViewRegion(box, 0.9, "mass"),))


@pytest.fixture(scope="module")
def views() -> tuple[PhantomView, ...]:
    return phantom.exam(5, SPEC).views


def planted(view: PhantomView) -> PhantomView:
    """The view with the middle of its lesion turned brighter than anything else."""
    x0, y0, x1, y1 = view.lesions[0].box
    pixels = (view.pixels * 0.6).astype(np.uint16)
    middle_y, middle_x = int((y0 + y1) / 2), int((x0 + x1) / 2)
    pixels[middle_y - 8 : middle_y + 8, middle_x - 8 : middle_x + 8] = 4095
    return replace(view, pixels=pixels)


def write(views: tuple[PhantomView, ...], folder: Path, photometric: Photometric) -> list[Path]:
    """The views as DICOM files."""
    (participant,) = cast(1, 1)
    header, paths = study_header(participant, START), []
    for number, view in enumerate(views, 1):
        path = folder / f"{view.laterality}{view.view}.dcm"
        image = mg_image(view, header, participant, number, START)
        write_mg(replace(image, photometric=photometric, marker=""), path)
        paths.append(path)
    return paths


def read(paths: list[Path], reader: AiReader) -> tuple[Study, AiRead]:
    place = FilesInPlace()
    (study,), _unreadable, _names = describe(paths, place, compose.instance_reader())
    return study, reader.read(study, compose.pixel_source(place), "unit-a")


@pytest.fixture(params=list(Photometric))
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Photometric]:
    return tmp_path, request.param


def test_a_planted_blob_is_marked_in_its_truth_box(
    folder: tuple[Path, Photometric], views: tuple[PhantomView, ...]
) -> None:
    marked = tuple(planted(view) for view in views)
    model: ViewModel = TruthModel()
    _study, result = read(write(marked, *folder), NeuralReader(model, Calibrations([])))
    truth = {Slot(view.laterality + view.view): view.lesions[0].box for view in views}
    assert len(result.regions) == 4
    for region in result.regions:
        x0, y0, x1, y1 = truth[region.slot]
        at = region.location
        assert x0 <= (at.x0 + at.x1) / 2 <= x1
        assert y0 <= (at.y0 + at.y1) / 2 <= y1


@pytest.mark.slow
def test_the_shipped_model_marks_conspicuous_cancers_where_they_are(
    tmp_path: Path, views: tuple[PhantomView, ...]
) -> None:
    """Of the marks with the highest score per view, most touch the truth box of a conspicuous mass."""
    reader = compose.ai_reader(Settings())
    _study, result = read(write(views, tmp_path, Photometric.MONOCHROME2), reader)
    truth = {Slot(view.laterality + view.view): view.lesions[0].box for view in views}
    hits = 0
    for slot, (x0, y0, x1, y1) in truth.items():
        best = next((region for region in result.regions if region.slot is slot), None)
        if best is not None:
            at = best.location
            hits += at.x0 < x1 and at.x1 > x0 and at.y0 < y1 and at.y1 > y0
    assert hits >= 3

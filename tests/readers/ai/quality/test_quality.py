"""Quality notes say what is wrong with an image and leave good images alone, as far as phantoms can show it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.phantom import ExamSpec
from models.phantom.faults import FAULTS, HAIR, POSITIONS
from models.phantom.spec import View as PhantomView
from readers.ai.quality import findings, measure
from screening.domain.quality import QualityCode
from screening.domain.study import View
from scripts.phantom_quality import Judged, false_notes, judge, sensitivity

COARSE = ExamSpec(rows=574, cols=480, pixel_mm=0.4)
SIGNAL = tuple(fault for fault in FAULTS if fault not in POSITIONS and fault != HAIR)


def disc_breast(columns: int = 300, nipple: bool = True) -> NDArray[np.float32]:
    """A half ellipse with or without a nipple, 0.5 mm pixels, chest wall left."""
    y, x = np.mgrid[:400, :columns].astype(np.float32)
    grey = (((y - 200) / 170) ** 2 + (x / 210) ** 2 < 1) | (nipple & (np.abs(y - 200) < 9) & (x < 218) & (x > 180))
    return np.asarray(grey * 0.5, np.float32)


def test_a_smooth_breast_that_fits_earns_no_note() -> None:
    assert measure(disc_breast(), 0.5, "CC") == ()


def test_a_breast_beyond_the_anterior_edge_is_cut_off_by_as_much_as_touches() -> None:
    ((code, value),) = [note for note in measure(disc_breast(150), 0.5, "CC") if note[0].value == "breast_cut_off"]
    assert code is QualityCode.BREAST_CUT_OFF
    touching = 2 * 170 * np.sqrt(1 - (150 / 210) ** 2) * 0.5
    assert value == pytest.approx(touching, abs=4)


def test_a_skin_line_without_a_bump_has_no_nipple_in_profile() -> None:
    codes = {code for code, _ in measure(disc_breast(nipple=False), 0.5, "CC")}
    assert codes == {QualityCode.NIPPLE_NOT_IN_PROFILE}


def test_an_oblique_view_without_muscle_and_fold_says_both() -> None:
    codes = {code for code, _ in measure(disc_breast(), 0.5, "MLO")}
    assert {QualityCode.PECTORAL_MISSING, QualityCode.INFRAMAMMARY_FOLD_MISSING} <= codes


def test_no_breast_no_notes() -> None:
    assert measure(np.zeros((400, 300), np.float32), 0.5, "MLO") == ()


def test_coarse_pixels_say_nothing_of_noise_or_blur() -> None:
    grainy = disc_breast() + np.random.default_rng(1).normal(0, 0.1, (400, 300)).astype(np.float32) * (
        disc_breast() > 0
    )
    found = findings(np.clip(grainy, 0, 1).astype(np.float32), 0.5, "CC")
    assert found is not None
    assert found.texture is None


def _told(judged: list[Judged], faults: tuple[str, ...]) -> dict[str, float]:
    return {fault: sensitivity(judged, fault).share for fault in faults}


@pytest.mark.slow
def test_positioning_faults_are_found_and_good_positioning_is_left_alone() -> None:
    judged = list(judge(range(7000, 7010), tuple(POSITIONS), COARSE))
    found = _told(judged, tuple(POSITIONS))
    assert min(found.values()) >= 0.6, found
    assert sum(found.values()) / len(found) >= 0.85, found
    false = {fault: false_notes(judged, QualityCode(fault)).share for fault in POSITIONS}
    assert max(false.values()) <= 0.25, false
    assert sum(false.values()) / len(false) <= 0.10, false


@pytest.mark.slow
def test_blur_noise_and_artefacts_are_found_and_clean_images_are_left_alone() -> None:
    judged = list(judge(range(7100, 7109), SIGNAL))
    found = _told(judged, SIGNAL)
    assert min(found.values()) >= 0.5, found
    assert sum(found.values()) / len(found) >= 0.8, found
    codes = (QualityCode.MOTION_BLUR, QualityCode.NOISE, QualityCode.ARTEFACT)
    assert max(false_notes(judged, code).share for code in codes) <= 0.1


@pytest.mark.slow
@pytest.mark.real_data
def test_notes_on_real_views_are_what_a_radiographer_sees(shared_data: Path) -> None:
    from screening.app import compose
    from screening.app.scoring import FilesInPlace, describe

    place = FilesInPlace()
    studies, _, _ = describe(sorted((shared_data / "exams").rglob("*.dcm")), place, compose.instance_reader())
    source, told = compose.pixel_source(place), {}
    for image in (image for study in studies for image in study.images):
        shown = source.load(image)
        view: PhantomView = "MLO" if image.view is View.MLO else "CC"
        notes = {code for code, _ in measure(shown.pixels, shown.row_spacing_mm, view)}
        told[(image.rows, image.slot.value if image.slot else "", image.study_instance_uid)] = notes
    assert len(told) == 8
    everything = set().union(*told.values())
    assert not everything & {QualityCode.MOTION_BLUR, QualityCode.NOISE, QualityCode.ARTEFACT}
    small = {slot: notes for (rows, slot, _), notes in told.items() if rows == 2600}
    assert QualityCode.BREAST_CUT_OFF in small["LCC"]  # its lower edge runs through the breast
    assert all(QualityCode.INFRAMAMMARY_FOLD_MISSING in small[slot] for slot in ("LMLO", "RMLO"))
    assert QualityCode.PECTORAL_MISSING not in small["LMLO"] | small["RMLO"]

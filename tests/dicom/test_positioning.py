"""Side, view and modifiers come from codes; what is missing or contradicts itself is not scored, never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from screening.dicom import codes
from screening.domain.quality import ReasonCode
from screening.domain.study import Laterality, Slot, View, ViewModifier
from tests.dicom.builders import code, mammogram, read_image, write

L, R = Laterality.LEFT, Laterality.RIGHT
M = ViewModifier


def view_code(value: str, scheme: str = "SCT", modifiers: tuple[str, ...] = ()) -> dict[str, object]:
    return {"ViewCodeSequence": Sequence([code(value, scheme, "nonsense", modifiers)]), "ViewPosition": None}


def shared(frame_laterality: str) -> Sequence:
    anatomy, group = Dataset(), Dataset()
    anatomy.FrameLaterality = frame_laterality
    group.FrameAnatomySequence = Sequence([anatomy])
    return Sequence([group])


@pytest.mark.parametrize(("value", "view"), codes.VIEWS.items())
def test_views_are_matched_by_code_value_whatever_the_meaning_says(tmp_path: Path, value: str, view: View) -> None:
    scheme = "SCT" if value.isdigit() else "SNM3"
    image = read_image(write(mammogram(PatientOrientation=None, **view_code(value, scheme)), tmp_path / "a.dcm"))
    assert (image.view, image.exclusion) == (view, None)


@pytest.mark.parametrize(
    ("changes", "view", "exclusion"),
    [
        ({"ViewPosition": None}, View.CC, None),
        ({"ViewCodeSequence": None}, View.CC, None),
        ({"ViewCodeSequence": None, "ViewPosition": "mlo "}, View.MLO, None),
        ({"ViewCodeSequence": None, "ViewPosition": "AP"}, View.OTHER, None),
        (view_code("399162004", "99LOCAL"), View.OTHER, None),
        ({"ViewCodeSequence": None, "ViewPosition": None}, None, ReasonCode.VIEW_UNKNOWN),
        ({"ViewPosition": "ML"}, None, ReasonCode.VIEW_UNKNOWN),
        ({"ViewPosition": "FLATFIELD"}, View.CC, None),
    ],
)
def test_view_from_code_then_text(
    tmp_path: Path, changes: dict[str, object], view: View | None, exclusion: ReasonCode | None
) -> None:
    image = read_image(write(mammogram(PatientOrientation=None, **changes), tmp_path / "a.dcm"))
    assert (image.view, image.exclusion) == (view, exclusion)


@pytest.mark.parametrize(
    ("changes", "side", "exclusion"),
    [
        ({"ImageLaterality": None}, None, ReasonCode.LATERALITY_UNKNOWN),
        ({"ImageLaterality": "B"}, None, ReasonCode.LATERALITY_UNKNOWN),
        ({"ImageLaterality": None, "SharedFunctionalGroupsSequence": shared("L")}, L, None),
        ({"ImageLaterality": None, "PerFrameFunctionalGroupsSequence": shared("R")}, R, None),
        ({"ImageLaterality": None, "Laterality": "L"}, L, None),
        ({"ImageLaterality": None, "Laterality": "R", "PatientOrientation": ["P", "L"]}, R, None),
        ({"ImageLaterality": None, "Laterality": "R"}, None, ReasonCode.LATERALITY_UNKNOWN),
        (
            {"ImageLaterality": None, "Laterality": "L", "PatientOrientation": None},
            None,
            ReasonCode.LATERALITY_UNKNOWN,
        ),
        ({"Laterality": "R"}, None, ReasonCode.LATERALITY_CONFLICT),
        ({"SharedFunctionalGroupsSequence": shared("R")}, None, ReasonCode.LATERALITY_CONFLICT),
        ({"ViewPosition": "MLO", "PatientOrientation": ["A", "FR"]}, L, None),
        ({"ViewPosition": "MLO", "PatientOrientation": ["A", "FL"]}, L, ReasonCode.LATERALITY_CONFLICT),
        ({"ViewPosition": "MLO", "PatientOrientation": ["P", "HL"]}, L, None),
        ({"PatientOrientation": ["R", "P"]}, L, ReasonCode.ORIENTATION_UNKNOWN),
    ],
)
def test_laterality_is_never_guessed(
    tmp_path: Path, changes: dict[str, object], side: Laterality | None, exclusion: ReasonCode | None
) -> None:
    image = read_image(write(mammogram(**{"ViewCodeSequence": None, **changes}), tmp_path / "a.dcm"))
    assert (image.laterality, image.exclusion) == (side, exclusion)


@pytest.mark.parametrize(("value", "modifier"), codes.MODIFIERS.items())
def test_modifiers_are_matched_by_code_value(tmp_path: Path, value: str, modifier: ViewModifier) -> None:
    nested = code("399162004")
    nested.ViewModifierCodeSequence = Sequence([code(value, "SCT" if value.isdigit() else "SRT")])
    image = read_image(write(mammogram(ViewCodeSequence=Sequence([nested])), tmp_path / "a.dcm"))
    assert (image.modifiers, image.slot, image.exclusion) == (frozenset({modifier}), Slot.LCC, None)


@pytest.mark.parametrize(
    ("factor", "modifiers"), [("1.0", set()), ("1.08", set()), ("1.5", {M.MAGNIFICATION}), ("", set()), ("0", set())]
)
def test_a_magnification_stand_is_told_by_its_factor(tmp_path: Path, factor: str, modifiers: set[M]) -> None:
    ds = mammogram(EstimatedRadiographicMagnificationFactor=factor)
    assert read_image(write(ds, tmp_path / "a.dcm")).modifiers == modifiers


def test_implants_and_partial_views_are_flagged_and_stay_scorable(tmp_path: Path) -> None:
    image = read_image(write(mammogram(BreastImplantPresent="YES", PartialView="YES"), tmp_path / "a.dcm"))
    assert (image.implant_present, image.partial_view, image.exclusion) == (True, True, None)
    assert image.warnings == (ReasonCode.IMPLANT_PRESENT,)


@pytest.mark.parametrize(
    ("paddle", "modifiers"),
    [
        ("24CM SCREENING CONTACT", set()),
        ("SPOT CONTACT", {M.SPOT_COMPRESSION}),
        ("10CM MAG", {M.MAGNIFICATION}),
        ("10CM SPOT MAG", {M.SPOT_COMPRESSION, M.MAGNIFICATION}),
    ],
)
def test_a_local_paddle_is_a_hint_against_the_standard_slot(tmp_path: Path, paddle: str, modifiers: set[M]) -> None:
    assert read_image(write(mammogram(PaddleDescription=paddle), tmp_path / "a.dcm")).modifiers == modifiers

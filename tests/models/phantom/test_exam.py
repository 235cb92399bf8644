"""The phantom: same request, same pixels; the truth is where it says; the picture keeps its stated conventions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models import phantom
from models.phantom import ExamSpec, LesionSpec
from models.phantom.backends import CPU, TorchBackend

PLAIN = ExamSpec(density="b")


def with_lesion(kind: phantom.spec.LesionKind, *, malignant: bool = True, conspicuity: float = 1.5) -> ExamSpec:
    lesion = LesionSpec(kind, malignant, "L", size_mm=14.0, conspicuity=conspicuity, position=(0.5, 0.2, -0.2))
    return replace(PLAIN, lesions=(lesion,))


def test_same_seed_gives_the_same_pixels_and_another_seed_another_woman() -> None:
    first, again, other = phantom.exam(3, PLAIN), phantom.exam(3, PLAIN), phantom.exam(4, PLAIN)
    for one, two in zip(first.views, again.views, strict=True):
        assert np.array_equal(one.pixels, two.pixels)
    assert not np.array_equal(first.views[0].pixels, other.views[0].pixels)


def test_an_exam_has_the_four_screening_views_with_air_at_zero() -> None:
    exam = phantom.exam(5)
    assert [(v.laterality, v.view) for v in exam.views] == [("L", "CC"), ("L", "MLO"), ("R", "CC"), ("R", "MLO")]
    for view in exam.views:
        assert view.pixels.shape == (640, 512)
        assert view.pixels.dtype == np.uint16
        assert view.pixels.max() <= phantom.MAX_VALUE
        deep_in_air = ~view.breast_mask
        assert np.quantile(view.pixels[deep_in_air], 0.99) == 0
        assert view.pixels[view.breast_mask].mean() > 400


@pytest.mark.parametrize(("laterality", "orientation"), [("L", ("A", "R")), ("R", ("P", "L"))])
def test_the_chest_wall_lies_where_patient_orientation_says(
    laterality: phantom.spec.Laterality, orientation: tuple[str, str]
) -> None:
    for view in phantom.breast(8, PLAIN, laterality):
        left, right = view.breast_mask[:, 0].mean(), view.breast_mask[:, -1].mean()
        assert view.patient_orientation == orientation
        assert (left > right) == (laterality == "L")


@pytest.mark.parametrize(
    ("kind", "vendor"),
    [*((kind, "style-a") for kind in phantom.LESION_KINDS), ("calcifications", "style-b"), ("distortion", "style-c")],
)
def test_a_finding_changes_its_truth_box_and_hardly_anything_else(kind: phantom.spec.LesionKind, vendor: str) -> None:
    for plain, marked in zip(
        phantom.breast(11, replace(PLAIN, vendor=vendor), "L"),
        phantom.breast(11, replace(with_lesion(kind), vendor=vendor), "L"),
        strict=True,
    ):
        (truth,) = marked.lesions
        x0, y0, x1, y1 = (int(edge) for edge in truth.box)
        change = np.abs(marked.pixels.astype(float) - plain.pixels.astype(float))
        assert change[y0:y1, x0:x1].mean() > 2.5 * change.mean()
        assert truth.mask[y0:y1, x0:x1].sum() == truth.mask.sum() > 0
        assert marked.breast_mask[(y0 + y1) // 2, (x0 + x1) // 2]


def test_a_mass_is_brighter_than_its_surroundings() -> None:
    view = phantom.breast(11, with_lesion("spiculated_mass"), "L")[0]
    (truth,) = view.lesions
    x0, y0, x1, y1 = (int(edge) for edge in truth.box)
    around = np.zeros_like(truth.mask)
    around[y0 - 20 : y1 + 20, x0 - 20 : x1 + 20] = True
    assert view.pixels[truth.mask].mean() > view.pixels[around & ~truth.mask].mean()


def test_a_finding_is_at_the_same_distance_from_the_nipple_in_both_views() -> None:
    cc, mlo = phantom.breast(11, with_lesion("circumscribed_mass"), "L")
    depths = []
    for view in (cc, mlo):
        nipple = np.flatnonzero(view.breast_mask.any(0)).max()
        depths.append((nipple - (view.lesions[0].box[0] + view.lesions[0].box[2]) / 2) * view.pixel_mm)
    assert depths[0] == pytest.approx(depths[1], abs=8.0)


def test_the_right_breast_is_mirrored_with_its_truth() -> None:
    lesion = LesionSpec("circumscribed_mass", False, "R", size_mm=12.0, conspicuity=1.5)
    view = phantom.breast(11, replace(PLAIN, lesions=(lesion,)), "R")[0]
    (truth,) = view.lesions
    rows, cols = np.nonzero(truth.mask)
    assert truth.box == (cols.min(), rows.min(), cols.max() + 1, rows.max() + 1)
    assert view.breast_mask[truth.mask].all()


def test_an_overlap_shows_in_one_view_only() -> None:
    lesion = LesionSpec("asymmetry", False, "L", only_view="MLO")
    cc, mlo = phantom.breast(11, replace(PLAIN, lesions=(lesion,)), "L")
    assert (len(cc.lesions), len(mlo.lesions)) == (0, 1)


def test_a_prior_is_the_same_breast_with_a_smaller_cancer_or_none() -> None:
    now = with_lesion("spiculated_mass")
    before = replace(now, prior_years=2.0)
    for seed in range(2):
        current, prior = phantom.breast(seed, now, "L")[0], phantom.breast(seed, before, "L")[0]
        assert current.density == prior.density
        sizes = [lesion.size_mm for lesion in prior.lesions]
        assert all(size < current.lesions[0].size_mm for size in sizes)
        overlap = (current.breast_mask & prior.breast_mask).sum() / current.breast_mask.sum()
        assert overlap > 0.9
        assert not np.array_equal(current.pixels, prior.pixels)


@pytest.mark.parametrize(("vendor", "pixel_mm"), [("style-a", 0.3), ("style-b", 0.1), ("style-c", 0.1)])
def test_torch_forms_the_same_image_up_to_rounding(vendor: str, pixel_mm: float) -> None:
    rows, cols = round(192 / pixel_mm), round(154 / pixel_mm)
    spec = replace(with_lesion("spiculated_mass"), vendor=vendor, rows=rows, cols=cols, pixel_mm=pixel_mm)
    scene, style = phantom.Breast(11, spec, "L").scene("MLO"), phantom.STYLES[vendor]
    plain, other = (phantom.mammogram(scene, style, backend).pixels for backend in (CPU, TorchBackend("cpu")))
    assert np.abs(plain.astype(int) - other.astype(int)).max() <= 2
    assert plain.std() > 300


def test_some_cancers_were_not_yet_there_at_the_prior_and_some_were() -> None:
    before = replace(with_lesion("spiculated_mass"), prior_years=2.0)
    seen = [len(phantom.breast(seed, before, "L")[0].lesions) for seed in range(8)]
    assert 0 < sum(seen) < len(seen)


def test_density_is_what_was_asked_for_and_sets_the_share_of_gland() -> None:
    shares = [phantom.breast(2, ExamSpec(density=grade), "L")[0] for grade in phantom.DENSITIES]
    assert [view.density for view in shares] == list(phantom.DENSITIES)
    fractions = [view.gland_fraction for view in shares]
    assert fractions == sorted(fractions)
    assert fractions[3] > 4 * fractions[0]


def test_both_views_show_the_same_tissue() -> None:
    """The profile of gland from chest wall to nipple is the breast's own: CC fits its MLO better than another's."""
    profiles = [
        [_depth_profile(phantom.Breast(seed, PLAIN, "L").scene(view)) for view in phantom.VIEWS] for seed in (3, 4, 6)
    ]
    own = [np.corrcoef(cc, mlo)[0, 1] for cc, mlo in profiles]
    others = [np.corrcoef(profiles[i][0], profiles[j][1])[0, 1] for i in range(3) for j in range(3) if i != j]
    assert min(own) > 0.8
    assert np.mean(own) > np.mean(others)


def _depth_profile(scene: phantom.Scene) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Gland around the nipple's height, by depth as a share of the nipple's distance."""
    x, y = scene.geometry.nipple_mm
    mm = phantom.fields.BASE_MM
    band = scene.gland.sum(0)[int((y - 25) / mm) : int((y + 25) / mm), : int(x / mm)].mean(0)
    return np.asarray(np.interp(np.linspace(0.45, 0.95, 40), np.linspace(0, 1, len(band)), band), np.float64)


def test_a_full_resolution_window_shows_what_the_whole_image_shows_there() -> None:
    spec = replace(with_lesion("circumscribed_mass"), rows=1400, cols=1100, pixel_mm=0.15)
    view = phantom.breast(11, spec, "L")[0]
    x0, y0, x1, y1 = view.lesions[0].box
    centre = ((x0 + x1) / 2 * 0.15, (y0 + y1) / 2 * 0.15)
    (window,) = phantom.windows(11, spec, "L", "CC", [centre], 128, 0.15)
    top, left = round(centre[1] / 0.15 - 64), round(centre[0] / 0.15 - 64)
    same_place = view.pixels[top : top + 128, left : left + 128] / phantom.MAX_VALUE
    assert np.corrcoef(window.ravel(), same_place.ravel())[0, 1] > 0.9
    assert window.mean() == pytest.approx(same_place.mean(), abs=0.01)


def test_a_window_beyond_the_chest_wall_is_empty_there_as_a_crop_of_the_image_is() -> None:
    (window,) = phantom.windows(11, PLAIN, "L", "CC", [(4.0, 96.0)], 160, 0.1)
    assert not window[:, :40].any()
    assert window[:, 41:].any()


def test_women_of_different_splits_share_no_texture() -> None:
    first, second = (phantom.tissue._textures(seed, "L", "CC", 2, own=False) for seed in (1_000_000, 2_000_000))
    own = np.sort(first[0], axis=None)
    assert all(not np.array_equal(own, np.sort(other, axis=None)) for other in second)


def test_the_held_out_style_is_not_among_those_of_training() -> None:
    assert "style-c" in phantom.STYLES
    assert "style-c" not in phantom.TRAINING_STYLES


def test_implants_folds_and_markers_change_the_image_where_they_belong() -> None:
    plain = phantom.breast(5, PLAIN, "R")[0]
    implant = phantom.breast(5, replace(PLAIN, implants="in_place"), "R")[0]
    assert implant.pixels[:, -60:].mean() > plain.pixels[:, -60:].mean()
    marked = phantom.breast(5, replace(PLAIN, markers=True), "R")[0]
    changed = marked.pixels != plain.pixels
    assert changed.any()
    assert not changed[plain.breast_mask].any()


def test_a_missing_muscle_and_a_low_dose_show() -> None:
    plain, bare = (phantom.breast(5, replace(PLAIN, faults=faults), "L")[1] for faults in ((), ("pectoral_missing",)))
    assert bare.pixels[:120, :40].mean() < plain.pixels[:120, :40].mean()
    assert bare.faults == ("pectoral_missing",)
    noisy = phantom.breast(5, replace(PLAIN, faults=("noise",)), "L")[0]
    clean = phantom.breast(5, PLAIN, "L")[0]
    inside = clean.breast_mask
    assert np.diff(noisy.pixels.astype(float), axis=1)[inside[:, 1:]].std() > 1.3 * (
        np.diff(clean.pixels.astype(float), axis=1)[inside[:, 1:]].std()
    )


def test_a_raw_image_is_linear_in_exposure_with_air_brightest() -> None:
    raw = phantom.for_processing(5, PLAIN, "L", "CC")
    view = phantom.breast(5, PLAIN, "L")[0]
    assert raw.dtype == np.uint16
    assert raw.max() < 2**14
    assert raw[~view.breast_mask].mean() > 3 * raw[view.breast_mask].mean()


def test_the_texture_spectrum_falls_with_the_stated_exponent() -> None:
    field = phantom.fields.power_law_field(np.random.default_rng(1), 3.0, longest_mm=500.0)
    power = np.abs(np.fft.rfft2(field)) ** 2
    frequency = np.hypot(
        np.fft.fftfreq(field.shape[0], phantom.fields.BASE_MM)[:, None],
        np.fft.rfftfreq(field.shape[1], phantom.fields.BASE_MM)[None, :],
    )
    band = (frequency > 0.02) & (frequency < 0.5)
    slope = np.polyfit(np.log(frequency[band]), np.log(power[band] + 1e-12), 1)[0]
    assert slope == pytest.approx(-3.0, abs=0.25)


def test_anatomy_does_not_depend_on_the_detector() -> None:
    coarse = phantom.breast(9, with_lesion("circumscribed_mass"), "L")[0]
    fine = phantom.breast(9, replace(with_lesion("circumscribed_mass"), rows=1280, cols=1024, pixel_mm=0.15), "L")[0]
    assert fine.breast_mask[::2, ::2].mean() == pytest.approx(coarse.breast_mask.mean(), abs=0.01)
    for edge_fine, edge_coarse in zip(fine.lesions[0].box, coarse.lesions[0].box, strict=True):
        assert edge_fine / 2 == pytest.approx(edge_coarse, abs=2.0)


def test_the_population_brings_benign_findings_without_cancer_and_every_kind_of_cancer() -> None:
    healthy = [phantom.screening_spec(seed, malignant_share=0.0) for seed in range(200)]
    assert not any(lesion.malignant for spec in healthy for lesion in spec.lesions)
    assert 0.3 < np.mean([bool(spec.lesions) for spec in healthy]) < 0.95
    sick = [phantom.screening_spec(seed, malignant_share=1.0) for seed in range(200)]
    kinds = {lesion.kind for spec in sick for lesion in spec.lesions if lesion.malignant}
    assert kinds == set(phantom.LESION_KINDS)
    assert {spec.vendor for spec in sick} == set(phantom.TRAINING_STYLES)

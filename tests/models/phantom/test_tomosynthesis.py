"""Tomosynthesis: a finding is sharp in its own slice, blurred away from it, and the truth says which slice that is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from models import phantom
from models.phantom import ExamSpec, LesionSpec
from models.phantom.backends import TorchBackend
from models.phantom.tomosynthesis import _volume_truth, slice_heights

SMALL = ExamSpec(density="a", rows=480, cols=384, pixel_mm=0.4)


def with_lesion(kind: phantom.spec.LesionKind, side: phantom.spec.Laterality, height: float) -> ExamSpec:
    lesion = LesionSpec(kind, True, side, size_mm=12.0, conspicuity=2.0, position=(0.5, 0.1, height))
    return replace(SMALL, lesions=(lesion,))


def sharpness(volume: phantom.PhantomVolume) -> NDArray[np.float64]:
    """Local contrast within the finding's box, slice by slice."""
    x0, y0, x1, y1 = (int(edge) for edge in volume.lesions[0].box)
    boxes = volume.slices[:, y0:y1, x0:x1].astype(float)
    return np.asarray(np.abs(np.diff(boxes, axis=1)).mean((1, 2)))


def test_the_same_request_gives_the_same_voxels() -> None:
    one, two = (phantom.tomosynthesis(3, SMALL, "L", "CC") for _ in range(2))
    assert np.array_equal(one.slices, two.slices)
    assert one.slices.dtype == np.uint16
    assert one.slices.shape[1:] == (480, 384)


@pytest.mark.parametrize("height", [-0.45, 0.0, 0.45])
@pytest.mark.parametrize("vendor", ["style-a", "style-b"])
def test_calcifications_are_sharpest_in_the_slice_the_truth_names(height: float, vendor: str) -> None:
    spec = replace(with_lesion("calcifications", "L", height), vendor=vendor)
    volume = phantom.tomosynthesis(7, spec, "L", "CC")
    (truth,) = volume.lesions
    assert truth.first <= truth.frame <= truth.last
    assert abs(int(sharpness(volume).argmax()) - truth.frame) <= 3


def test_a_finding_fades_away_from_its_slice() -> None:
    plain = phantom.tomosynthesis(7, replace(SMALL), "L", "CC")
    volume = phantom.tomosynthesis(7, with_lesion("spiculated_mass", "L", 0.0), "L", "CC")
    (truth,) = volume.lesions
    added = volume.slices.astype(float) - plain.slices.astype(float)
    detail = added[:, truth.mask].std(1)
    peak = int(detail.argmax())
    assert truth.first - 2 <= peak <= truth.last + 2
    assert detail[peak] > 1.3 * detail[0]


def test_superior_findings_lie_high_in_a_cc_volume() -> None:
    frames = [
        phantom.tomosynthesis(7, with_lesion("distortion", "L", h), "L", "CC").lesions[0].frame for h in (-0.4, 0.4)
    ]
    assert frames[0] > frames[1]


def test_a_right_breast_is_mirrored_with_its_truth() -> None:
    volume = phantom.tomosynthesis(7, with_lesion("circumscribed_mass", "R", 0.0), "R", "MLO")
    (truth,) = volume.lesions
    assert volume.patient_orientation == ("P", "L")
    assert volume.breast_mask[:, -1].mean() > volume.breast_mask[:, 0].mean()
    assert volume.breast_mask[truth.mask].all()
    rows, cols = np.nonzero(truth.mask)
    assert truth.box == (cols.min(), rows.min(), cols.max() + 1, rows.max() + 1)


@pytest.mark.parametrize(
    ("kind", "side"), [("spiculated_mass", "L"), ("calcifications", "R"), ("asymmetry", "L"), ("distortion", "L")]
)
def test_the_outline_of_a_slice_is_widest_at_the_centre_and_nowhere_beyond_the_ends(
    kind: phantom.spec.LesionKind, side: phantom.spec.Laterality
) -> None:
    scene = phantom.Breast(7, with_lesion(kind, side, 0.1), side).scene("CC")
    heights = slice_heights(scene)
    (truth,) = (_volume_truth(scene, item, heights) for item in scene.sited)
    masks = [truth.mask_at(frame) for frame in range(-2, len(heights) + 2)]
    areas = [int(mask.sum()) for mask in masks][2:-2]
    assert [frame for frame, area in enumerate(areas) if area] == list(range(truth.first, truth.last + 1))
    assert not masks[0].any()
    assert areas[round(truth.frame)] == max(areas) == truth.mask.sum()
    assert areas == [max(areas[: i + 1]) if i <= truth.frame else max(areas[i:]) for i in range(len(areas))]
    assert (np.logical_or.reduce(masks) == truth.mask).all()
    if truth.last - truth.first > 4:
        assert areas[truth.first] < 0.8 * max(areas)


def test_tissue_that_overlaps_in_the_mammogram_parts_in_the_volume() -> None:
    """Away from the edges a slice holds less contrast than the mammogram of everything at once."""
    spec = replace(SMALL, density="c")
    volume, view = phantom.tomosynthesis(9, spec, "L", "CC"), phantom.breast(9, spec, "L")[0]
    middle = volume.slices[len(volume.slices) // 2]
    edges = [np.corrcoef(part.ravel(), view.pixels.ravel())[0, 1] for part in (middle, volume.slices[3])]
    assert 0.5 < edges[1] < edges[0] < 0.995


def test_air_is_black_in_every_slice() -> None:
    volume = phantom.tomosynthesis(3, SMALL, "L", "CC")
    assert np.quantile(volume.slices[:, ~volume.breast_mask], 0.99) == 0


def test_torch_computes_the_same_volume_up_to_rounding() -> None:
    spec = with_lesion("calcifications", "R", 0.2)
    plain = phantom.tomosynthesis(3, spec, "R", "CC").slices.astype(int)
    other = phantom.tomosynthesis(3, spec, "R", "CC", backend=TorchBackend("cpu")).slices.astype(int)
    assert np.abs(plain - other).max() <= 2

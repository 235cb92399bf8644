"""How often quality notes find a fault and how often they cry wolf, measured on phantoms with one fault each."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.phantom import STYLES, Breast, ExamSpec, PhantomView, Scene, mammogram
from models.phantom.faults import DEODORANT, FAULTS, POSITIONS, code_of
from models.phantom.spec import LATERALITIES, VIEWS, View
from readers.ai.quality import measure
from screening.domain.quality import QualityCode

SPEC = ExamSpec(rows=1530, cols=1276, pixel_mm=0.15)
OBLIQUE_ONLY = frozenset({"pectoral_missing", "pectoral_short", "inframammary_fold_missing", DEODORANT})
CUT_OFF_MM = 18.0


@dataclass(frozen=True)
class Judged:
    """One phantom view: its fault ("" for none) and the codes it was given."""

    fault: str
    view: View
    style: str
    codes: frozenset[QualityCode]


@dataclass(frozen=True)
class Rate:
    """`hits` of `total` views."""

    hits: int
    total: int

    @property
    def share(self) -> float:
        """Hits as a share; 0 of nothing is 0."""
        return self.hits / self.total if self.total else 0.0


def judge(seeds: Iterable[int], faults: Sequence[str] = FAULTS, spec: ExamSpec = SPEC) -> Iterator[Judged]:
    """One breast per seed, in turn of side, style and view: both views good, and one view per fault."""
    for seed in seeds:
        wanted = replace(spec, vendor=list(STYLES)[seed % len(STYLES)])
        breast = Breast(seed, wanted, LATERALITIES[seed // 3 % 2])
        scenes = {view: breast.scene(view) for view in VIEWS}
        for scene in scenes.values():
            yield _judged("", scene)
        for fault in faults:
            view = "MLO" if fault in OBLIQUE_ONLY else VIEWS[seed // 6 % 2]
            yield _judged(fault, _with_fault(scenes[view], fault))


def _with_fault(scene: Scene, fault: str) -> Scene:
    """The same scene with a fault; positioning needs a breast laid out anew, exposure shares what was computed."""
    breast = scene.breast
    spec = replace(breast.spec, faults=(fault,))
    if fault in POSITIONS:
        return Breast(breast.seed, spec, breast.laterality).scene(scene.view)
    other = copy.copy(scene)
    other.breast = copy.copy(breast)
    other.breast.spec = spec
    return other


def _judged(fault: str, scene: Scene) -> Judged:
    image = mammogram(scene, STYLES[scene.breast.spec.vendor])
    pixels = chest_wall_left(image)
    if fault == "breast_cut_off":
        pixels = cut_off(pixels, image.pixel_mm)
    notes = measure(pixels, image.pixel_mm, image.view)
    return Judged(fault, image.view, scene.breast.spec.vendor, frozenset(code for code, _ in notes))


def chest_wall_left(image: PhantomView) -> NDArray[np.float32]:
    """Presentation values 0..1 with the chest wall at the left."""
    pixels = image.pixels if image.laterality == "L" else image.pixels[:, ::-1]
    return np.ascontiguousarray(pixels, np.float32) / np.float32(4095)


def cut_off(pixels: NDArray[np.float32], pixel_mm: float) -> NDArray[np.float32]:
    """The image as a detector too small for the breast shows it: its foremost mm are missing."""
    foremost = int(np.nonzero((pixels > 0).any(0))[0].max())
    return np.ascontiguousarray(pixels[:, : foremost - round(CUT_OFF_MM / pixel_mm)])


def sensitivity(judged: Iterable[Judged], fault: str) -> Rate:
    """Views with the fault that earned its code."""
    mine = [j for j in judged if j.fault == fault]
    return Rate(sum(QualityCode(code_of(fault)) in j.codes for j in mine), len(mine))


def false_notes(judged: Iterable[Judged], code: QualityCode) -> Rate:
    """Views without any fault that earned the code; codes of oblique views count those only."""
    good = [j for j in judged if not j.fault and (j.view == "MLO" or code.value not in OBLIQUE_ONLY)]
    return Rate(sum(code in j.codes for j in good), len(good))

"""Write docs/phantom.md and its pictures from the phantom itself: `python -m scripts.phantom_page` (some minutes).

The comparison with real images needs the folder of real inputs (`SECONDREAD_SHARED`); none of it is written anywhere
but as figures in a table.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from models.phantom import STYLES, Breast, ExamSpec, LesionSpec, breast, mammogram, tomosynthesis
from models.phantom.faults import FAULTS
from models.phantom.spec import DENSITIES, LESION_KINDS, VIEWS, LesionTruth, PhantomView, VolumeTruth
from screening.domain.quality import QUALITY_TEXTS, QualityCode
from scripts.phantom_quality import Judged, chest_wall_left, cut_off, false_notes, judge, sensitivity
from scripts.phantom_spectrum import Look, grey_distance, look

ROOT = Path(__file__).resolve().parents[1]
PAGE, IMAGES = ROOT / "docs" / "phantom.md", ROOT / "docs" / "images"
SEED = 2026
COARSE = ExamSpec()
FINE = ExamSpec(rows=1530, cols=1276, pixel_mm=0.15)
LIMIT_BYTES = 400_000

Tile = NDArray[np.float32]


def overview(view: PhantomView, step: int = 2) -> Tile:
    """A whole view as a small tile, chest wall left."""
    return thumbnail(chest_wall_left(view), step)


def thumbnail(pixels: NDArray[np.float32], step: int = 2) -> Tile:
    """Block means."""
    rows, columns = pixels.shape[0] // step * step, pixels.shape[1] // step * step
    blocks = pixels[:rows, :columns].reshape(rows // step, step, columns // step, step)
    return np.asarray(blocks.mean((1, 3)), np.float32)


def crop(image: NDArray[np.uint16], truth: LesionTruth | VolumeTruth, size: int = 200) -> Tile:
    """A square around a finding, its middle in the middle where the image allows."""
    x0, y0, x1, y1 = truth.box
    top, left = (
        int(np.clip(round((low + high - size) / 2), 0, limit - size))
        for low, high, limit in ((y0, y1, image.shape[0]), (x0, x1, image.shape[1]))
    )
    return np.asarray(image[top : top + size, left : left + size] / 4095, np.float32)


def sheet(name: str, rows: Sequence[Sequence[Tile]], quality: int = 58) -> str:
    """Write tiles of one size as a picture; returns its path as the page links it."""
    height = max(tile.shape[0] for row in rows for tile in row)
    width = max(tile.shape[1] for row in rows for tile in row)
    padded = [
        np.hstack([np.pad(t, ((1, 1 + height - t.shape[0]), (1, 1 + width - t.shape[1]))) for t in row]) for row in rows
    ]
    picture = PilImage.fromarray((np.clip(np.vstack(padded), 0, 1) * 255).astype(np.uint8))
    IMAGES.mkdir(parents=True, exist_ok=True)
    picture.save(IMAGES / f"phantom-{name}.webp", quality=quality, method=6)
    return f"images/phantom-{name}.webp"


def densities() -> str:
    """Densities a to d, CC above MLO."""
    shown = [breast(SEED, replace(COARSE, density=density), "L") for density in DENSITIES]
    return sheet("densities", [[overview(views[n])[40:300, :190] for views in shown] for n in range(2)])


def lesions() -> str:
    """Kinds from left to right; malignant in CC and MLO, then benign in CC and MLO."""
    columns = []
    for kind in LESION_KINDS:
        column = []
        for malignant in (True, False):
            lesion = LesionSpec(kind, malignant, "L", conspicuity=1.3, position=(0.45, 0.1, 0.1))
            views = breast(SEED + 1, replace(FINE, lesions=(lesion,), density="b"), "L")
            column += [crop(view.pixels, view.lesions[0]) for view in views]
        columns.append(column)
    return sheet("lesions", [list(row) for row in zip(*columns, strict=True)])


def styles() -> str:
    """One view through every style."""
    return sheet("styles", [[overview(breast(SEED, replace(COARSE, vendor=name), "L")[1])[:, :190] for name in STYLES]])


def slices() -> str:
    """Slices through a mass from the support upwards, its own slice in the middle."""
    lesion = LesionSpec("spiculated_mass", malignant=True, laterality="L", size_mm=12.0, position=(0.45, 0.1, 0.1))
    volume = tomosynthesis(SEED + 1, replace(FINE, lesions=(lesion,), density="c"), "L", "CC")
    truth = volume.lesions[0]
    centre = round(truth.frame)
    heights = [int(np.clip(centre + step, 0, len(volume.slices) - 1)) for step in (-16, -8, 0, 8, 16)]
    return sheet("slices", [[crop(volume.slices[n], truth) for n in heights]])


def priors() -> str:
    """The same breast two years earlier and today."""
    lesion = LesionSpec("spiculated_mass", malignant=True, laterality="L", size_mm=14.0, position=(0.45, 0.1, 0.1))
    spec = replace(FINE, lesions=(lesion,), density="b")
    tiles = []
    for view in range(2):
        now = breast(SEED + 1, spec, "L")[view]
        before = breast(SEED + 1, replace(spec, prior_years=2.0), "L")[view]
        tiles += [crop(before.pixels, now.lesions[0], 260), crop(now.pixels, now.lesions[0], 260)]
    return sheet("priors", [tiles])


def faults() -> str:
    """Every fault once, then implants in place and displaced, a skin fold and a marker."""
    spec = replace(FINE, density="b")
    tiles = []
    for fault in FAULTS:
        view = mammogram(Breast(SEED + 2, replace(spec, faults=(fault,)), "L").scene("MLO"), STYLES["style-a"])
        pixels = chest_wall_left(view)
        tiles.append(thumbnail(cut_off(pixels, view.pixel_mm) if fault == "breast_cut_off" else pixels, 5))
    extras = (
        replace(spec, implants="in_place"),
        replace(spec, implants="displaced"),
        replace(spec, folds=True),
        replace(spec, markers=True),
    )
    for extra in extras:
        view = mammogram(Breast(SEED + 2, extra, "L").scene("MLO"), STYLES["style-a"])
        tiles.append(thumbnail(chest_wall_left(view), 5))
    tiles = [tile[:, :255] for tile in tiles]
    return sheet("faults", [tiles[:8], tiles[8:] + [np.zeros_like(tiles[-1])] * (16 - len(tiles))])


def real_inputs() -> Path | None:
    """The folder of real inputs, where there is one."""
    root = Path(os.environ.get("SECONDREAD_SHARED", ROOT.parent / "shared"))
    data = root / "data" if (root / "data").is_dir() else root
    return data if (data / "exams").is_dir() else None


def real_looks(data: Path) -> list[Look]:
    """Every real CC view."""
    from screening.app import compose
    from screening.app.scoring import FilesInPlace, describe
    from screening.domain.study import View

    place = FilesInPlace()
    studies, _, _ = describe(sorted((data / "exams").rglob("*.dcm")), place, compose.instance_reader())
    source, found = compose.pixel_source(place), []
    for image in (image for study in studies for image in study.images if image.view is View.CC):
        shown = source.load(image)
        found.append(look(shown.pixels, shown.row_spacing_mm))
    return [item for item in found if item is not None]


MSYNTH_MM = 0.085
"""Detector pitch of the M-SYNTH images (their paper); they are stored chest wall left or right as they come."""


def msynth_looks(data: Path) -> list[Look]:
    """The mammograms of another simulation, which nobody here made."""
    found = []
    for path in sorted((data / "msynth").glob("*.jpg")):
        grey = np.asarray(PilImage.open(path).convert("L"), np.float32) / 255
        if grey[:, : grey.shape[1] // 4].mean() < grey[:, -grey.shape[1] // 4 :].mean():
            grey = grey[:, ::-1]
        found.append(look(np.ascontiguousarray(grey), MSYNTH_MM))
    return [item for item in found if item is not None]


def phantom_looks(style: str, seeds: Iterable[int]) -> list[Look]:
    """CC views of one style at full resolution."""
    spec = replace(ExamSpec(), vendor=style).at_full_resolution()
    views = (mammogram(Breast(seed, spec, "L").scene(VIEWS[0]), STYLES[style]) for seed in seeds)
    found = (look(chest_wall_left(view), view.pixel_mm) for view in views)
    return [item for item in found if item is not None]


def comparison(data: Path | None, count: int) -> list[str]:
    """The table of looks: exponent and grey distance to the real images."""
    groups = {f"phantom, {style}": phantom_looks(style, range(900, 900 + count)) for style in STYLES}
    real = real_looks(data) if data else []
    if data:
        groups = {"real CC views": real, "M-SYNTH (another simulation)": msynth_looks(data), **groups}
    lines = ["| images | n | exponent beta: median (range) | grey distance to the real views |", "|---|---|---|---|"]
    for name, looks in groups.items():
        betas = [item.beta for item in looks]
        if betas:
            told = f"{median(betas):.2f} ({min(betas):.2f} to {max(betas):.2f})"
            lines.append(f"| {name} | {len(looks)} | {told} | {grey_distance(looks, real):.3f} |")
    return lines


def quality_tables(judged: Sequence[Judged]) -> list[str]:
    """How often each fault is found, and how often a good view earns each code."""
    lines = ["| fault | found | of views |", "|---|---|---|"]
    for fault in FAULTS:
        rate = sensitivity(judged, fault)
        lines.append(f"| `{fault}` | {rate.share:.0%} | {rate.total} |")
    lines += ["", "| note | on good views | of views | means |", "|---|---|---|---|"]
    for code in QualityCode:
        rate = false_notes(judged, code)
        lines.append(f"| `{code.value}` | {rate.share:.0%} | {rate.total} | {QUALITY_TEXTS[code]} |")
    return lines


def page(data: Path | None, seeds: int, looks: int) -> str:
    """The whole page; writes the pictures on the way."""
    parts = [
        "<!-- written by `python -m scripts.phantom_page`; do not edit -->",
        "",
        "# The phantom",
        "",
        "Synthetic mammograms and tomosynthesis with known truth (`models/phantom`). They train and check models and",
        "stand in for exams in demonstrations and tests. They are no evidence about women.",
        "",
        "```",
        "secondread phantom --out exams --exams 8 --kind both --prevalence 0.25 --priors",
        "```",
        "",
        *_figure("Densities a to d, CC above MLO", densities()),
        *_figure(
            f"Findings, 30 mm wide: {', '.join(LESION_KINDS)}; rows: malignant in CC and MLO, benign in CC and MLO",
            lesions(),
        ),
        *_figure(f"One MLO view through {', '.join(STYLES)}; style-c is never trained on", styles()),
        *_figure("Tomosynthesis: 16 and 8 mm below a mass, its own slice, 8 and 16 mm above", slices()),
        *_figure("Priors: two years earlier and today, CC and MLO", priors()),
        *_figure(
            f"Faults: {', '.join(FAULTS)}; then implants in place and displaced, a skin fold, a burned-in marker",
            faults(),
        ),
        "## How close to real images",
        "",
        "Exponent of the power spectrum between 0.15 and 0.7 per mm in the inner breast, CC views only, and the mean",
        "Wasserstein distance between grey values of the inner breast, each image scaled from its 1st to its 99th",
        "percentile (0 = alike, 0.1 = on average a tenth of the range apart). The first row compares the real images",
        "with each other.",
        "",
        *comparison(data, looks),
        "",
        "Six real views of three women show what real means here, not how women vary. A model trained on phantoms",
        "has seen nothing else, and its out-of-distribution limit says so of real images.",
        "",
        "## Image quality notes",
        "",
        "One fault per view, drawn at random; good views are drawn like them without one. Limits were set on other",
        "phantoms than these. A single hair is not looked for: thin curved lines are what breasts are made of.",
        "",
        *quality_tables(list(judge(range(3000, 3000 + seeds)))),
    ]
    return "\n".join(parts) + "\n"


def _figure(caption: str, path: str) -> list[str]:
    return [f"![{caption}]({path})", "", f"*{caption}.*", ""]


def main(seeds: int = 40, looks: int = 12) -> int:
    """Write page and pictures; returns 1 when the pictures together are too large."""
    PAGE.write_text(page(real_inputs(), seeds, looks), encoding="utf-8")
    total = sum(path.stat().st_size for path in IMAGES.glob("phantom-*.webp"))
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}, pictures {total / 1000:.0f} kB\n")
    return int(total > LIMIT_BYTES)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))

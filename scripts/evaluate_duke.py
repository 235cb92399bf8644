"""Evaluates the tomosynthesis model on real slices with a lesion box each, beside marks thrown at random.

The slices (BCS-DBT, Duke; CC BY-NC 4.0) lie outside the project and were never trained or tuned on. Each comes alone,
as an 8-bit picture without its neighbours, so a slab is one slice; the pixel spacing is not in the pictures and is
taken as 0.1 mm. A mark hits when its centre lies in the box, or by the DBTex rule (within half the box's diagonal or
100 pixels, whichever is larger, of its centre).

    python -m scripts.evaluate_duke [FOLDER]
"""

from __future__ import annotations

import math
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models import predict
from models.evaluate.roc import Estimate, bootstrap

PIXEL_MM = 0.1
MARKS = 2
DRAWS = 2000
DBTEX_PX = 100.0


@dataclass(frozen=True)
class Slice:
    """One slice with its box (x0, y0, x1, y1), chest wall left; `pixels` float32 0..1."""

    patient: str
    pixels: NDArray[np.float32]
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class OneFrame:
    """A volume of a single slice."""

    pixels: NDArray[np.float32]
    count: int = 1
    pixel_mm: float = PIXEL_MM
    slice_mm: float = 1.0

    def frame(self, index: int) -> NDArray[np.float32]:
        """Return the slice."""
        del index
        return self.pixels


def slices(folder: Path) -> list[Slice]:
    """Read every slice that has exactly one picture and one box file."""
    return [_read(path) for path in sorted(folder.glob("*.jpg")) if path.with_suffix(".txt").is_file()]


def _read(path: Path) -> Slice:
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("L"), np.float32) / np.float32(255)
    x, y, width, height = (float(value) for value in path.with_suffix(".txt").read_text().split()[1:5])
    columns = pixels.shape[1]
    if pixels[:, : columns // 4].mean() < pixels[:, -columns // 4 :].mean():
        pixels, x = np.ascontiguousarray(pixels[:, ::-1]), columns - x - width
    return Slice(path.stem.split("-")[1], pixels, (x, y, x + width, y + height))


def inside(x: float, y: float, box: tuple[float, float, float, float]) -> bool:
    """Whether a mark's centre lies in the box."""
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def near(x: float, y: float, box: tuple[float, float, float, float]) -> bool:
    """Whether a mark hits by the DBTex rule, the slice aside."""
    reach = max(math.hypot(box[2] - box[0], box[3] - box[1]) / 2, DBTEX_PX)
    return math.hypot(x - (box[0] + box[2]) / 2, y - (box[1] + box[3]) / 2) <= reach


RULES = {"centre in the box": inside, "DBTex distance": near}


def chances(item: Slice, rng: np.random.Generator) -> dict[str, float]:
    """Return the chance per rule that at least one of MARKS marks thrown anywhere in the breast hits."""
    rows, cols = np.nonzero(item.pixels > 0.06)
    thrown = rng.integers(rows.size, size=(DRAWS, MARKS))
    found = {}
    for name, rule in RULES.items():
        hits = [any(rule(cols[i] + 0.5, rows[i] + 0.5, item.box) for i in marks) for marks in thrown]
        found[name] = float(np.mean(hits))
    return found


def evaluate(folder: Path, model: predict.LoadedModel) -> list[tuple[str, dict[str, bool], dict[str, float], float]]:
    """Return per slice: patient, hit per rule, chance per rule, out-of-distribution score."""
    rng = np.random.default_rng(20261120)
    rows = []
    for item in slices(folder):
        answer = model.predict_volume(OneFrame(item.pixels))
        centres = [((r.box[0] + r.box[2]) / 2, (r.box[1] + r.box[3]) / 2) for r in answer.regions[:MARKS]]
        hits = {name: any(rule(x, y, item.box) for x, y in centres) for name, rule in RULES.items()}
        rows.append((item.patient, hits, chances(item, rng), answer.ood_score))
    return rows


def interval(values: NDArray[np.float64], patients: list[str]) -> Estimate:
    """Return the mean with its 95 % bootstrap interval, patients redrawn whole."""
    rng = np.random.default_rng(1)
    names = sorted(set(patients))
    groups = [values[[p == name for p in patients]] for name in names]

    def redrawn() -> float:
        return float(np.concatenate([groups[i] for i in rng.integers(len(names), size=len(names))]).mean())

    return bootstrap(float(values.mean()), redrawn, DRAWS)


def main() -> int:
    """Print the table."""
    shared = Path(os.environ.get("SECONDREAD_SHARED", Path(__file__).parents[2] / "shared"))
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else shared / "data" / "duke-dbt"
    model = predict.load("phantom-dbt")
    rows = evaluate(folder, model)
    patients = [row[0] for row in rows]
    print(
        f"{model.info.name} {model.info.version} ({model.info.label}), {len(rows)} slices of {len(set(patients))} women"
    )
    for name in RULES:
        hit = interval(np.array([row[1][name] for row in rows], float), patients)
        chance = float(np.mean([row[2][name] for row in rows]))
        print(f"{name:<20} top {MARKS} marks hit {hit.value:.3f} ({hit.low:.3f}-{hit.high:.3f}), chance {chance:.3f}")
    print(f"out of distribution: {np.mean([row[3] > 1 for row in rows]):.3f} of slices")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

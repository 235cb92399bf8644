"""Turns the images of a data set into what the stages of fine-tuning learn from, one image in memory at a time.

Planes and windows are laid into files of the work folder and mapped from there, so memory does not grow with the data
set; only what is said of each exam (some 20 kB) is kept. An image with a cancer but no outline teaches the view and the
exam, and no place; a finding of unknown type teaches no type.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from models.architectures.graphs import CROP_PX
from models.labels import LESION_TYPES, SLOTS
from models.pipeline import ImagePipeline, ImagePlaces
from models.preprocess import prepare
from models.train import reading
from models.train.networks import ANYTHING, Recorder
from models.train.planes import LESION, UNKNOWN, Planes, Spot, plane, quantise
from models.train.stage_local import Windows
from models.train.windows import label_at, suspicious

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.architectures.global_local import GlobalLocal
    from models.datasets.frame import Box, ImageRow
    from models.datasets.images import LoadedImage
    from models.train.reading import Columns, Readings

    Load = Callable[[ImageRow], LoadedImage]
    Slots = dict[tuple[str, str], ImageRow]


def planes_of(rows: Sequence[ImageRow], load: Load, folder: Path) -> Planes:
    """Return the plane of every row; images and targets lie in files of `folder`. Raises ValueError for no row."""
    if not rows:
        raise ValueError("no image to learn from")
    folder.mkdir(parents=True, exist_ok=True)
    images = targets = np.zeros(0, np.uint8)
    labels, lesions = [], []
    for index, row in enumerate(rows):
        made = plane_of(row, load)
        if index == 0:
            images, targets = (
                _mapped(folder / f"{name}.npy", (len(rows), *value.shape[1:]))
                for name, value in (("images", made.images), ("targets", made.targets))
            )
        images[index], targets[index] = made.images[0], made.targets[0]
        made.lesions["plane"] = index
        labels.append(made.labels)
        lesions.append(made.lesions)
    women = np.array([number(row.patient_id) for row in rows], np.int64)
    return Planes(images, targets, np.concatenate(labels), women, np.concatenate([np.zeros(0, LESION), *lesions]))


def plane_of(row: ImageRow, load: Load) -> Planes:
    """Return one image with its outlines on the grid; a cancer without outline leaves cells and type unknown."""
    image = load(row)
    prepared = prepare(image.pixels01, image.pixel_mm)
    found = spots_of(image, row)
    made = plane(prepared.array, prepared, found, row.density, number(row.patient_id))
    if nowhere(row, found):
        made.targets[made.targets == 0] = UNKNOWN
        made.labels[:, 1:-1][made.labels[:, 1:-1] == 0] = UNKNOWN
        made.labels[:, 0] = 1
    return made


def nowhere(row: ImageRow, found: Sequence[Spot]) -> bool:
    """Return whether the image holds a cancer of which nobody says where it lies."""
    return bool(row.cancer) and not any(spot.malignant for spot in found)


def spots_of(image: LoadedImage, row: ImageRow) -> list[Spot]:
    """Return the outlined findings; one that the set does not judge alone is judged as its breast is."""
    return [_spot(box, image, bool(row.cancer) if box.malignant is None else box.malignant) for box in image.boxes]


def _spot(box: Box, image: LoadedImage, malignant: bool) -> Spot:
    mask = np.zeros(image.pixels01.shape, bool)
    mask[int(box.y0) : max(int(box.y0) + 1, int(box.y1)), int(box.x0) : max(int(box.x0) + 1, int(box.x1))] = True
    kind = LESION_TYPES.index(box.type) if box.type else None
    return Spot(mask, malignant, kind, max(box.x1 - box.x0, box.y1 - box.y0) * image.pixel_mm)


def windows_of(network: GlobalLocal, rows: Sequence[ImageRow], load: Load, most: int, folder: Path) -> Windows:
    """Return full-resolution windows of outlined findings and of what the map suspects, at most `most` per image."""
    folder.mkdir(parents=True, exist_ok=True)
    engine = Recorder(network.eval())
    images = _mapped(folder / "windows.npy", (max(1, most * len(rows)), network.local_channels, CROP_PX, CROP_PX))
    labels: list[NDArray[np.uint8]] = []
    women = []
    for row in rows:
        for window, told in _windows(engine, row, load(row), most):
            images[len(labels)] = window
            labels.append(told)
            women.append(number(row.patient_id))
    columns = np.array(labels, np.uint8).reshape(-1, 1 + len(LESION_TYPES))
    return Windows(images[: len(labels)], columns, np.array(women, np.int64))


def _windows(
    engine: Recorder, row: ImageRow, image: LoadedImage, most: int
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Windows of one image with their labels; none of a cancer that could be anywhere."""
    found = spots_of(image, row)
    if nowhere(row, found):
        return
    prepared = prepare(image.pixels01, image.pixel_mm)
    centres = [((b.x0 + b.x1) / 2, (b.y0 + b.y1) / 2) for b in image.boxes] + suspicious(engine, prepared)
    for centre in centres[:most]:
        yield quantise(ImagePlaces(prepared).crops([centre]))[0], label_at(centre, image.pixel_mm, found)


def exams_of(rows: Iterable[ImageRow]) -> dict[str, Slots]:
    """Return rows by exam and slot; of several images of a slot the first in the frame stands for it."""
    exams: dict[str, Slots] = defaultdict(dict)
    for row in rows:
        if row.laterality is not None:
            exams[row.exam_id].setdefault((row.laterality, row.view), row)
    return exams


def readings_of(network: GlobalLocal, rows: Sequence[ImageRow], load: Load) -> Readings:
    """Return every exam as the pipeline reads it; absent slots are zeros."""
    engine = Recorder(network.eval())
    return reading.from_columns([_reading(engine, views, load) for views in exams_of(rows).values()])


def _reading(engine: Recorder, views: Slots, load: Load) -> Columns:
    columns = {slot: _view_columns(engine, views[slot], load) for slot in SLOTS if slot in views}
    like = next(iter(columns.values()))
    filled = [columns.get(slot) or {name: np.zeros_like(value) for name, value in like.items()} for slot in SLOTS]
    now = {name: np.stack([view[name] for view in filled]) for name in like}
    there = np.array([[float(slot in views) for slot in SLOTS], [0.0] * len(SLOTS)], np.float32)
    sick = [any(bool(r.cancer) for r in views.values() if r.laterality == side) for side in ("L", "R")]
    both: Columns = {name: np.stack([value, np.zeros_like(value)])[None] for name, value in now.items()}
    woman = number(next(iter(views.values())).patient_id)
    return both | {"there": there[None], "breast_labels": np.array([sick], np.float32), "women": np.array([woman])}


def _view_columns(engine: Recorder, row: ImageRow, load: Load) -> Columns:
    """One view; where a cancer has no outline, nothing is known of its regions and its type."""
    image = load(row)
    prepared = prepare(image.pixels01, image.pixel_mm)
    found = spots_of(image, row)
    whole = ImagePipeline(engine, ANYTHING).whole(prepared)
    noted = reading.Noted(ImagePlaces(prepared), [], [])
    columns = reading.view_columns(engine, prepared, whole, noted, lambda index: found, found)
    if nowhere(row, found):
        for name in ("region_labels", "view_labels"):
            columns[name][columns[name] == 0] = UNKNOWN
    columns["view_labels"][0] = float(bool(row.cancer))
    return columns


def number(patient: str) -> int:
    """Return a stable number for a pseudonym."""
    return int.from_bytes(hashlib.sha256(patient.encode()).digest()[:7], "big")


def _mapped(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    return np.lib.format.open_memmap(path, "w+", np.dtype(np.uint8), shape)

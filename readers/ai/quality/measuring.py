"""All measurements of one image, and those that become notes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from readers.ai.quality import artefacts, pectoral, positioning
from readers.ai.quality.outline import Outline, outline
from readers.ai.quality.texture import GRID_DB, MOTION_DB, NOISE_DB, Texture, texture
from screening.domain.quality import QualityCode

Note = tuple[QualityCode, float]


@dataclass(frozen=True)
class Findings:
    """Everything measured; None where a criterion does not apply to the view or could not be measured.

    `cut_off_mm`, `nipple_mm`, `fold_mm` and `pectoral_short_mm` in mm, `pectoral_contrast`
    and `line` in shares of the grey range, `texture` in dB, `specks` a count.
    """

    cut_off_mm: float
    nipple_mm: float
    fold_mm: float | None
    pectoral_contrast: float | None
    pectoral_short_mm: float | None
    texture: Texture | None
    line: float
    specks: float


def measure(pixels01: NDArray[np.float32], pixel_mm: float, view: Literal["CC", "MLO"]) -> tuple[Note, ...]:
    """Notes on one image with the value that earned each.

    `pixels01` is presentation values 0..1 (rows, columns) at full resolution, chest wall left. No breast, no notes.
    """
    found = findings(pixels01, pixel_mm, view)
    return tuple(_notes(found)) if found is not None else ()


def findings(pixels01: NDArray[np.float32], pixel_mm: float, view: Literal["CC", "MLO"]) -> Findings | None:
    """Measure every criterion of the view; None when no breast is found."""
    breast = outline(pixels01, pixel_mm)
    if breast is None:
        return None
    oblique = view == "MLO"
    contrast, short = _muscle(breast) if oblique else (None, None)
    return Findings(
        cut_off_mm=positioning.cut_off_mm(breast, view),
        nipple_mm=positioning.nipple_mm(breast),
        fold_mm=positioning.fold_mm(breast) if oblique else None,
        pectoral_contrast=contrast,
        pectoral_short_mm=short,
        texture=texture(pixels01, pixel_mm, breast),
        line=artefacts.line_step(pixels01, pixel_mm, breast),
        specks=artefacts.specks(pixels01, pixel_mm, breast) if oblique else 0.0,
    )


def _muscle(breast: Outline) -> tuple[float, float]:
    seen = pectoral.muscle(breast)
    return seen.contrast, positioning.nipple_row(breast) * breast.cell_mm - seen.end_mm


def _notes(found: Findings) -> list[Note]:
    notes: list[Note] = []
    if found.cut_off_mm > positioning.CUT_OFF_MM:
        notes.append((QualityCode.BREAST_CUT_OFF, found.cut_off_mm))
    if found.nipple_mm < positioning.NIPPLE_MM:
        notes.append((QualityCode.NIPPLE_NOT_IN_PROFILE, found.nipple_mm))
    notes.extend(_oblique(found))
    if found.texture is not None and found.texture.motion > MOTION_DB:
        notes.append((QualityCode.MOTION_BLUR, found.texture.motion))
    if found.texture is not None and found.texture.noise > NOISE_DB:
        notes.append((QualityCode.NOISE, found.texture.noise))
    notes.extend(_artefacts(found))
    return notes


def _oblique(found: Findings) -> list[Note]:
    notes: list[Note] = []
    if found.pectoral_contrast is not None and found.pectoral_short_mm is not None:
        if found.pectoral_contrast < pectoral.CONTRAST:
            notes.append((QualityCode.PECTORAL_MISSING, found.pectoral_contrast))
        elif found.pectoral_short_mm > pectoral.SHORT_MM:
            notes.append((QualityCode.PECTORAL_SHORT, found.pectoral_short_mm))
    if found.fold_mm is not None and found.fold_mm < positioning.FOLD_MM:
        notes.append((QualityCode.INFRAMAMMARY_FOLD_MISSING, found.fold_mm))
    return notes


def _artefacts(found: Findings) -> list[Note]:
    """One note for all kinds: the strongest against its own limit, as that ratio."""
    grid = found.texture.grid if found.texture is not None else 0.0
    worst = max(found.line / artefacts.LINE, found.specks / artefacts.SPECKS, grid / GRID_DB)
    return [(QualityCode.ARTEFACT, worst)] if worst > 1.0 else []

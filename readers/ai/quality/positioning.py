"""Positioning: is the whole breast on the image, the nipple in profile, the inframammary fold shown.

Criteria in the words of positioning assessment (PGMI; EUREF image criteria): the whole breast imaged, nipple in
profile, inframammary angle shown in the oblique view. The limits are ours, set on phantoms.
"""

from __future__ import annotations

import numpy as np

from readers.ai.quality.outline import Outline, bump_mm, notch_mm

CUT_OFF_MM = 12.0
"""Tissue along an edge where there should be air: more than this and part of the breast is not on the image.

Along the upper and lower edge of a cranio-caudal view 20 mm more are usual, because skin and chest wall meet there.
"""
CHEST_WALL_CORNER_MM = 20.0

NIPPLE_MM = 0.75
"""A nipple in profile stands at least this far out of the smooth skin line."""
NIPPLE_RADIUS_MM = 12.0

FOLD_MM = 1.2
"""The angle between breast and abdomen must be at least this deep to count as an inframammary fold."""
FOLD_RADIUS_MM = 45.0


def cut_off_mm(found: Outline, view: str) -> float:
    """Length of skin line missing, in mm: tissue at the anterior edge, and in CC at the upper and lower edge."""
    anterior = float(found.mask[:, -1].sum()) * found.cell_mm
    if view != "CC":
        return anterior
    ends = max(int(found.mask[0].sum()), int(found.mask[-1].sum())) * found.cell_mm
    return max(anterior, ends - CHEST_WALL_CORNER_MM)


def nipple_mm(found: Outline) -> float:
    """How far the nipple stands out of the skin line, in mm: the highest bump on the anterior half of the breast."""
    bump = bump_mm(found, NIPPLE_RADIUS_MM)
    bump[:, : int(found.width.max()) // 2] = 0.0
    ends = round(10.0 / found.cell_mm)
    bump[:ends] = bump[-ends:] = 0.0
    return float(bump.max())


def fold_mm(found: Outline) -> float:
    """Depth of the inframammary angle in mm: the deepest notch of the skin line below the nipple."""
    notch = notch_mm(found, FOLD_RADIUS_MM)
    notch[: found.front] = 0.0
    notch[:, round(0.75 * int(found.width.max())) :] = 0.0
    return float(notch.max(initial=0.0))


def nipple_row(found: Outline) -> int:
    """Row of the nipple: of the highest bump if there is one, else of the most anterior point."""
    bump = bump_mm(found, NIPPLE_RADIUS_MM)
    bump[:, : int(found.width.max()) // 2] = 0.0
    return int(np.unravel_index(int(bump.argmax()), bump.shape)[0]) if bump.max() > NIPPLE_MM else found.front

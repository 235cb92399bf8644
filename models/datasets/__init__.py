"""Public data sets on disk -> one frame of images; nothing is downloaded, bundled or read over a network.

Access and terms are the user's matter; layouts, labels and pitfalls are in `docs/training-data.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.datasets import bcs_dbt, cbis, cmmd, embed, inbreast, rsna, vindr
from models.datasets.images import png_reader
from models.errors import DatasetInvalid

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from models.datasets.frame import Frame
    from models.datasets.images import ReadPixels

TABLES: dict[str, Callable[[Path], Frame]] = {
    "rsna": rsna.frame,
    "vindr": vindr.frame,
    "cmmd": cmmd.frame,
    "inbreast": inbreast.frame,
    "bcs-dbt": bcs_dbt.frame,
    "embed": embed.frame,
}
LAYOUTS = ("bcs-dbt", "cbis-ddsm", "cmmd", "embed", "inbreast", "rsna", "vindr")
"""Every layout by the name `read` takes."""


def read(layout: str, root: Path, read_pixels: ReadPixels | None = None) -> Frame:
    """Return the frame of a data set's folder.

    `read_pixels` opens the masks of CBIS-DDSM; PNG masks need none. Raises DatasetInvalid for an unknown layout, a
    missing file or column, or a folder without images.
    """
    if layout == "cbis-ddsm":
        return cbis.frame(root, read_pixels or png_reader(pixel_mm=1.0))
    if layout not in TABLES:
        raise DatasetInvalid(f"no layout is called {layout!r}; known: {', '.join(LAYOUTS)}")
    return TABLES[layout](root)

"""The folder the demonstration plays into: made anew, but never at the cost of somebody's files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from screening.app.output import writing
from screening.domain.errors import InvalidInput

MARKER: Final = ".secondread-demo"
PARTS: Final = ("data", "dicom", "results", "audit", "audit-programme")
"""What a demonstration writes; nothing else in the folder is ever removed."""


def fresh_folder(out: Path) -> None:
    """Make `out` ready for a new round: absent, empty, or the folder of an earlier round.

    Raises InvalidInput for anything else, before anything was touched.
    """
    with writing(out):
        if out.is_symlink() or (out.exists() and not out.is_dir()):
            raise InvalidInput(f"{out.name} is no folder; name another with --out")
        if out.is_dir() and any(out.iterdir()) and not (out / MARKER).is_file():
            raise InvalidInput(f"{out.name} holds files that no demo wrote; empty it or name another with --out")
        out.mkdir(parents=True, exist_ok=True)
        (out / MARKER).write_text("`secondread demo` may write this folder anew.\n", encoding="utf-8")
        for part in PARTS:
            if (out / part).exists():
                shutil.rmtree(out / part)

"""`python -m models.datasets <layout> DIR`: read a data set's folder, print what is in it, write its frame if asked."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from models.datasets import LAYOUTS, read
from models.datasets.export import to_csv, to_json
from models.datasets.frame import label_from_birads, summary
from models.datasets.split import assign
from models.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.datasets.frame import Frame


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the summary; 0 when the layout was read, 2 with the error's code when it was not."""
    given = _options(arguments)
    try:
        frame = read(given.layout, given.folder)
        if given.birads_as_label:
            frame = label_from_birads(frame, given.birads_as_label)
        if given.seed is not None:
            frame = assign(frame, given.seed)
    except ModelError as error:
        sys.stderr.write(f"{error.code}: {error}\n")
        return 2
    sys.stdout.write(table(frame))
    for path, written in ((given.csv, to_csv), (given.json, to_json)):
        if path is not None:
            path.write_text(written(frame, given.folder), encoding="utf-8")
    return 0


def table(frame: Frame) -> str:
    """Return the summary as aligned lines under one heading per part."""
    lines = [f"data set  {frame.layout}"]
    for heading, counts in summary(frame).items():
        lines += [f"{heading:9} {name:34} {count:>8}" for name, count in counts.items()]
    return "\n".join(lines) + "\n"


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m models.datasets", description=__doc__)
    parser.add_argument("layout", choices=LAYOUTS)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--seed", type=int, help="split by woman with this seed where the set has no split")
    parser.add_argument(
        "--birads-as-label",
        type=int,
        choices=(4, 5),
        help="where the outcome is unknown, take categories from here on as cancer and 1, 2 as none",
    )
    parser.add_argument("--csv", type=Path, help="write the frame to this file")
    parser.add_argument("--json", type=Path, help="write the frame with its summary to this file")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())

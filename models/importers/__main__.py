"""`python -m models.importers <kind> --checkpoint FILE --name NAME --out DIR`: import one published checkpoint."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import ModelError
from models.importers.convert import LABEL, Options, import_checkpoint
from models.importers.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Import one checkpoint; 0 when it was written, 2 with the error's code when it was refused."""
    given = _options(arguments)
    network = {key: value for key, value in (("backbone", given.backbone), ("pool", given.pool)) if value}
    options = Options(given.name, given.licence, given.table, tuple(given.drop), network)
    try:
        done = import_checkpoint(given.kind, given.checkpoint, given.out, options)
    except ModelError as error:
        sys.stderr.write(f"{error.code}: {error}\n")
        return 2
    kind = KINDS[given.kind]
    sys.stdout.write(f"{done.weights}\n{done.card}\n{LABEL}. Gives {kind.answers}.\n")
    if done.unused:
        sys.stdout.write(f"Not used: {len(done.unused)} tensors, named in the card.\n")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m models.importers", description=__doc__)
    parser.add_argument("kind", choices=sorted(KINDS), help="layout of the checkpoint")
    parser.add_argument("--checkpoint", type=Path, required=True, help="published file, or weights.safetensors of it")
    parser.add_argument("--name", required=True, help="name of the model here")
    parser.add_argument("--out", type=Path, required=True, help="folder for card and weights")
    parser.add_argument("--licence", help="licence text for the card, as you obtained the file")
    parser.add_argument("--table", help="table of the checkpoint to take, such as state_dict")
    parser.add_argument("--drop", action="append", default=[], help="prefix of published keys to leave out; repeatable")
    parser.add_argument("--backbone", help="timm only: another backbone by timm's name")
    parser.add_argument("--pool", choices=("max", "avg"), help="timm only: pooling, max unless given")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())

"""From a published checkpoint to a folder that loads: strict mapping, safetensors, card. Same input, same bytes."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import torch
from safetensors.torch import save as to_bytes

from models.errors import CardInvalid, CheckpointMismatch
from models.importers import checkpoint, kinds
from models.weights import sha256_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from models.importers.checkpoint import Checkpoint
    from models.importers.kinds import Kind
    from models.importers.plan import Plan

LABEL = "imported, not commissioned here"
FORMAT = "secondread-imported-1"
_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Imported:
    """Where the files are and which published tensors the network did not need."""

    card: Path
    weights: Path
    unused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Options:
    """What the user decides: `name` of the model, `licence` text, `table` inside the checkpoint, `drop` prefixes.

    `network` overrides sizes of the network such as another timm backbone; `plan` another preprocessing.
    """

    name: str
    licence: str | None = None
    table: str | None = None
    drop: tuple[str, ...] = ()
    network: Mapping[str, object] | None = None
    plan: Plan | None = None


def import_checkpoint(kind_name: str, path: Path, out: Path, options: Options) -> Imported:
    """Write `<name>.safetensors` and `<name>.toml` into `out` and say where.

    Raises UnknownModel, CheckpointUnreadable, CheckpointNeedsCode, or CheckpointMismatch, which names what differs;
    then nothing was written. Raises CardInvalid for a name that is no file name.
    """
    _check_name(options.name)
    kind = kinds.get(kind_name)
    found = checkpoint.read(path, options.table)
    settings = {**kind.settings(found.tensors), **(options.network or {})}
    tensors, unused = _renamed(kind, found.tensors, options.drop)
    with torch.device("meta"):
        expected = kinds.build(kind, settings).state_dict()
    _check(path.name, kind, tensors, expected)
    return _written(kind, found, tensors, unused, settings, options, out)


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise CardInvalid("a model's name is letters, digits, points, dashes and underscores, 64 at most")


def _renamed(
    kind: Kind, published: Mapping[str, torch.Tensor], drop: tuple[str, ...]
) -> tuple[dict[str, torch.Tensor], tuple[str, ...]]:
    """Our names, and the published keys that were left out, by rule of the kind or of the user."""
    tensors: dict[str, torch.Tensor] = {}
    unused: list[str] = []
    for key, value in published.items():
        ours = None if drop and key.startswith(drop) else kind.rename(key)
        if ours is None:
            unused.append(key)
        elif ours in tensors:
            raise CheckpointMismatch(f"two published tensors stand for {ours}, one of them {key}")
        else:
            tensors[ours] = value
    return tensors, tuple(sorted(unused))


def _check(name: str, kind: Kind, tensors: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor]) -> None:
    """Every key, every shape, every kind of number."""
    both = tensors.keys() & expected.keys()
    reshaped = [
        f"{key} {list(tensors[key].shape)} instead of {list(expected[key].shape)}"
        for key in sorted(both)
        if tensors[key].shape != expected[key].shape
    ]
    odd = [key for key in sorted(both) if tensors[key].is_floating_point() != expected[key].is_floating_point()]
    problems = [
        _problem("missing", sorted(expected.keys() - tensors.keys())),
        _problem("unexpected", sorted(tensors.keys() - expected.keys())),
        _problem("of another shape", reshaped),
        _problem("of another kind of number", odd),
        _problem("not finite", [key for key in sorted(both) if not bool(tensors[key].isfinite().all())]),
    ]
    if any(problems):
        told = "; ".join(problem for problem in problems if problem)
        raise CheckpointMismatch(f"{name} is no checkpoint of {kind.name} ({kind.source}): {told}")


def _problem(what: str, keys: list[str]) -> str:
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return f"{len(keys)} {what}: {', '.join(keys[:_SHOWN])}{more}" if keys else ""


def _written(
    kind: Kind,
    found: Checkpoint,
    tensors: Mapping[str, torch.Tensor],
    unused: tuple[str, ...],
    settings: Mapping[str, object],
    options: Options,
    out: Path,
) -> Imported:
    from models.importers.card import text

    out.mkdir(parents=True, exist_ok=True)
    weights, card = out / f"{options.name}.safetensors", out / f"{options.name}.toml"
    weights.write_bytes(to_bytes(_stored(tensors), metadata={"format": FORMAT}))
    plan = options.plan or replace(kind.plan)
    card.write_text(text(kind, found, weights.name, sha256_of(weights), unused, settings, plan, options), "utf-8")
    return Imported(card, weights, unused)


def _stored(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Float32 for what computes, the rest as it is, in order of name and without shared memory."""
    return {
        key: (value.float() if value.is_floating_point() else value).detach().clone().contiguous()
        for key, value in sorted(tensors.items())
    }


def plan_table(plan: Plan) -> dict[str, object]:
    """Return the plan as a card stores it."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(plan).items()}

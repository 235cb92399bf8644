"""Opens a published checkpoint without ever running code from it, and finds the table of tensors inside."""

from __future__ import annotations

import argparse
import pickle
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors

from models.errors import CheckpointNeedsCode, CheckpointUnreadable
from models.weights import sha256_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TABLES = ("state_dict_ema", "state_dict", "model", "model_state_dict")
"""Where training programs keep the weights, best first: timm itself prefers the averaged ones."""

_HELP = (
    "Nothing of it was run. If you trust the file, open it once on a machine without patient data where its own "
    "project is installed, and save only the tensors: content = torch.load(file, map_location='cpu', "
    "weights_only=False), then safetensors.torch.save_file({{k: v.contiguous().clone() for k, v in "
    "{table}.items()}}, 'weights.safetensors'); import weights.safetensors. See docs/importing-models.md."
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`tensors` by published key, `part` the table they came from (empty for the file itself), the file's SHA-256."""

    tensors: Mapping[str, torch.Tensor]
    part: str
    sha256: str


def read(path: Path, table: str | None = None) -> Checkpoint:
    """Return the tensors of a file written by torch.save or safetensors.

    `table` names the table of a training checkpoint, else the first of TABLES is taken. A common `module.` prefix of
    data-parallel training is removed. Raises CheckpointUnreadable, CheckpointNeedsCode.
    """
    if not path.is_file():
        raise CheckpointUnreadable(f"there is no file {path.name}")
    content = _safetensors(path) if path.suffix == ".safetensors" else _torch(path)
    part, tensors = _table(content, table, path.name)
    return Checkpoint(_without(tensors, "module."), part, sha256_of(path))


def _safetensors(path: Path) -> object:
    try:
        return load_safetensors(path.read_bytes())
    except SafetensorError as error:
        raise CheckpointUnreadable(f"{path.name} is not a safetensors file: {error}") from error


def _torch(path: Path) -> object:
    """Tensors, plain containers and argparse's attribute bag, in which timm keeps its options; nothing else."""
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        wanted = re.findall(r"GLOBAL ([\w.]+)", str(error))
        if not wanted:
            raise CheckpointUnreadable(f"{path.name} is not a checkpoint of torch") from error
        table = "content.state_dict()" if "collections" not in wanted[0] else "content"
        raise CheckpointNeedsCode(f"{path.name} needs {wanted[0]} to be opened. {_HELP.format(table=table)}") from error
    except (RuntimeError, EOFError, ValueError, KeyError, AttributeError, TypeError, IndexError) as error:
        raise CheckpointUnreadable(f"{path.name} is not a checkpoint of torch") from error


def _table(content: object, wanted: str | None, name: str) -> tuple[str, Mapping[str, torch.Tensor]]:
    """The table of tensors inside the file's content."""
    if not isinstance(content, dict):
        raise CheckpointUnreadable(f"{name} holds a {type(content).__name__}, not a table of tensors")
    if wanted is None and _is_table(content):
        return "", content
    for key in (wanted,) if wanted else TABLES:
        if key in content and _is_table(content[key]):
            return str(key), content[key]
    holds = ", ".join(sorted(str(key) for key in content)[:8])
    raise CheckpointUnreadable(
        f"{name} has no table of tensors {wanted or 'among ' + ', '.join(TABLES)}; holds {holds}"
    )


def _is_table(value: object) -> bool:
    return isinstance(value, dict) and bool(value) and all(isinstance(item, torch.Tensor) for item in value.values())


def _without(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """Remove a prefix that every key has."""
    common = all(key.startswith(prefix) for key in tensors)
    return {key.removeprefix(prefix) if common else key: value for key, value in tensors.items()}

"""Reads and writes weight files: safetensors, SHA-256 always checked, keys strict, never from a network.

A file holds the network's state under `network.` and the out-of-distribution statistics under `ood.`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.errors import WeightsHashMismatch, WeightsIncompatible, WeightsMissing
from models.ood import OodReference

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from torch import nn

STORE = Path(__file__).with_name("weights_store")
_NETWORK, _OOD = "network.", "ood."


def sha256_of(path: Path) -> str:
    """Return the hex SHA-256 of a file. Raises WeightsMissing when it is not there."""
    if not path.is_file():
        raise WeightsMissing(f"weights file {path.name} is not installed; weights are never downloaded")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def load_into(network: nn.Module, path: Path, sha256: str) -> OodReference:
    """Check the hash, then load every tensor into `network`; return the out-of-distribution statistics.

    Raises WeightsMissing, WeightsHashMismatch, or WeightsIncompatible when a key is missing, unexpected or of another
    shape. After a raise the network must not be used.
    """
    found = sha256_of(path)
    if found != sha256:
        raise WeightsHashMismatch(f"{path.name} has SHA-256 {found[:16]}..., its card says {sha256[:16]}...")
    from safetensors.torch import load

    tensors: dict[str, torch.Tensor] = load(path.read_bytes())
    state = {key.removeprefix(_NETWORK): value for key, value in tensors.items() if key.startswith(_NETWORK)}
    extra = {key.removeprefix(_OOD): value for key, value in tensors.items() if not key.startswith(_NETWORK)}
    try:
        network.load_state_dict(
            {key: value.float() if value.is_floating_point() else value for key, value in state.items()}, strict=True
        )
    except RuntimeError as error:
        raise WeightsIncompatible(f"{path.name} does not fit the architecture: {error}") from error
    return _ood_reference(extra, path.name)


def save(network: nn.Module, ood: OodReference, path: Path) -> str:
    """Write the file and return its SHA-256. Network tensors are stored as half precision: reload before judging."""
    import torch
    from safetensors.torch import save as to_bytes

    tensors = {_NETWORK + key: _stored(value) for key, value in network.state_dict().items()}
    for key, value in (("mean", ood.mean), ("precision", ood.precision), ("limit", np.array([ood.limit]))):
        tensors[_OOD + key] = torch.from_numpy(np.asarray(value, np.float64).copy())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(to_bytes(tensors, metadata={"format": "secondread-model-1"}))
    return sha256_of(path)


def _stored(value: torch.Tensor) -> torch.Tensor:
    """Convolution kernels and matrices as float16; everything else, batch statistics above all, as it is."""
    plain = value.detach().cpu().contiguous()
    return plain.half() if plain.is_floating_point() and plain.ndim >= 2 else plain


def _ood_reference(tensors: Mapping[str, torch.Tensor], name: str) -> OodReference:
    """Build the reference from exactly its three tensors."""
    if set(tensors) != {"mean", "precision", "limit"}:
        raise WeightsIncompatible(f"{name} must hold ood.mean, ood.precision and ood.limit and nothing else beside")
    return OodReference(tensors["mean"].numpy(), tensors["precision"].numpy(), float(tensors["limit"][0]))

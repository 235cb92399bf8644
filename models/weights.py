"""Reads and writes weight files: safetensors, SHA-256 always checked, keys strict, never from a network.

A file holds the network's state under `network.`, that of its exam network, where it has one, under `fusion.`, and the
out-of-distribution statistics under `ood.`. Beside it lie its exported graphs, one ONNX file each.
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
    from numpy.typing import NDArray
    from torch import nn

STORE = Path(__file__).with_name("weights_store")
_NETWORK, _FUSION, _OOD = "network.", "fusion.", "ood."
_SUFFIX = ".safetensors"


def sha256_of(path: Path) -> str:
    """Return the hex SHA-256 of a file. Raises WeightsMissing when it is not there."""
    if not path.is_file():
        raise WeightsMissing(f"weights file {path.name} is not installed; weights are never downloaded")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def checked(path: Path, sha256: str) -> bytes:
    """Return the bytes of a file that has the hash its card says. Raises WeightsMissing or WeightsHashMismatch."""
    if not path.is_file():
        raise WeightsMissing(f"weights file {path.name} is not installed; weights are never downloaded")
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise WeightsHashMismatch(f"{path.name} has SHA-256 {found[:16]}..., its card says {sha256[:16]}...")
    return content


def load_into(network: nn.Module, path: Path, sha256: str, fusion: nn.Module | None = None) -> OodReference:
    """Check the hash, then load every tensor into `network` and `fusion`; return the out-of-distribution statistics.

    Raises WeightsMissing, WeightsHashMismatch, or WeightsIncompatible when a key is missing, unexpected or of another
    shape. After a raise the networks must not be used.
    """
    content = checked(path, sha256)
    from safetensors.torch import load

    tensors: dict[str, torch.Tensor] = load(content)
    _fill(network, _part(tensors, _NETWORK), path.name)
    known = [_NETWORK]
    if fusion is not None:
        _fill(fusion, _part(tensors, _FUSION), path.name)
        known.append(_FUSION)
    rest = {key: value.numpy() for key, value in tensors.items() if not key.startswith(tuple(known))}
    return _ood_reference(rest, path.name)


def load_ood(path: Path, sha256: str) -> OodReference:
    """Return the out-of-distribution statistics alone, without torch. Raises as `load_into`."""
    content = checked(path, sha256)
    from safetensors.numpy import load

    tensors: dict[str, NDArray[np.float64]] = load(content)
    return _ood_reference({key: value for key, value in tensors.items() if key.startswith(_OOD)}, path.name)


def graph_path(weights: Path, graph: str) -> Path:
    """Return where the exported graph of a weights file lies.

    >>> graph_path(Path("store/phantom-ffdm-global_local.small.safetensors"), "view").name
    'phantom-ffdm-global_local.small.view.onnx'
    """
    return weights.with_name(f"{weights.name.removesuffix(_SUFFIX)}.{graph}.onnx")


def save(network: nn.Module, ood: OodReference, path: Path, fusion: nn.Module | None = None) -> str:
    """Write the file and return its SHA-256. Network tensors are stored as half precision: reload before judging."""
    import torch
    from safetensors.torch import save as to_bytes

    tensors = {_NETWORK + key: stored(value) for key, value in network.state_dict().items()}
    if fusion is not None:
        tensors |= {_FUSION + key: stored(value) for key, value in fusion.state_dict().items()}
    for key, value in (("mean", ood.mean), ("precision", ood.precision), ("limit", np.array([ood.limit]))):
        tensors[_OOD + key] = torch.from_numpy(np.asarray(value, np.float64).copy())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(to_bytes(tensors, metadata={"format": "secondread-model-1"}))
    return sha256_of(path)


def stored(value: torch.Tensor) -> torch.Tensor:
    """Return a tensor as it is stored: kernels and matrices as float16, everything else as it is."""
    plain = value.detach().cpu().contiguous()
    return plain.half() if plain.is_floating_point() and plain.ndim >= 2 else plain


def _part(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """The tensors under a prefix, without it, floating point ones as float32."""
    found = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
    return {key: value.float() if value.is_floating_point() else value for key, value in found.items()}


def _fill(network: nn.Module, state: Mapping[str, torch.Tensor], name: str) -> None:
    """Load a state key for key. Raises WeightsIncompatible."""
    try:
        network.load_state_dict(dict(state), strict=True)
    except RuntimeError as error:
        raise WeightsIncompatible(f"{name} does not fit the architecture: {error}") from error


def _ood_reference(tensors: Mapping[str, NDArray[np.float64]], name: str) -> OodReference:
    """Build the reference from exactly its three tensors."""
    found = {key.removeprefix(_OOD): value for key, value in tensors.items()}
    if set(found) != {"mean", "precision", "limit"}:
        raise WeightsIncompatible(f"{name} must hold ood.mean, ood.precision and ood.limit and nothing else beside")
    return OodReference(found["mean"], found["precision"], float(found["limit"][0]))

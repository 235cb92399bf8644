"""Lets timm import where torchvision's compiled operators cannot be loaded.

timm imports torchvision for its transforms. torchvision in turn describes two of its operators (`nms`, `qnms`) to
torch at import time and fails when its compiled library was built for another torch, as happens with a CPU build of
torch and the CUDA build of torchvision that a package index offers. Declaring the two operators without an
implementation is enough: we use none of them (`regions` has its own non-maximum suppression) and calling one still
fails loudly. Must run before the first `import timm`; must not hide a torchvision that is missing altogether.
"""

from __future__ import annotations

import functools
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch.library

_UNGUARDED = ("nms", "qnms")
_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


@functools.cache
def make_importable() -> torch.library.Library | None:
    """Declare the operators torchvision cannot bring itself; return the declaration, or None when none was needed.

    The cache keeps the declaration alive for the life of the process. Raises ModuleNotFoundError when torchvision is
    not installed.
    """
    if "torchvision" in sys.modules:
        return None
    spec = importlib.util.find_spec("torchvision")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("torchvision is not installed", name="torchvision")
    if _compiled_operators_load(Path(spec.submodule_search_locations[0]) / "_C.so"):
        return None
    return _declare()


def _compiled_operators_load(library: Path) -> bool:
    """Whether torchvision's own compiled library fits this torch."""
    import torch

    if not library.exists():
        return False
    try:
        torch.ops.load_library(str(library))  # type: ignore[no-untyped-call]
    except OSError:
        return False
    return True


def _declare() -> torch.library.Library:
    """Declare, without implementing, each operator that has no kernel yet."""
    import torch.library

    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for name in _UNGUARDED:
        if not torch._C._dispatch_has_kernel(f"torchvision::{name}"):
            library.define(name + _SIGNATURE)  # type: ignore[no-untyped-call]
    return library

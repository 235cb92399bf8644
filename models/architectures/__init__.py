"""Network families, one per module; names are `family.tag`.

Importing this package costs no torch: a family's module is imported when one of its networks is built.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from models.errors import UnknownModel

if TYPE_CHECKING:
    from models.architectures.saliency_fpn import SaliencyFpn

ARCHITECTURES: dict[str, str] = {"saliency_fpn.tiny": "models.architectures.saliency_fpn"}
"""Name -> module whose VARIANTS builds it."""


def build(name: str) -> SaliencyFpn:
    """Return an untrained network with random weights; trained ones come from `models.registry`.

    Raises UnknownModel.
    """
    if name not in ARCHITECTURES:
        raise UnknownModel(f"no architecture is called {name!r}; known: {', '.join(sorted(ARCHITECTURES))}")
    network: SaliencyFpn = importlib.import_module(ARCHITECTURES[name]).VARIANTS[name]()
    return network

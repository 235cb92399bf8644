"""Network families, one per module; names are `family.tag`.

Importing this package costs no torch: a family's module is imported when one of its networks is built.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from models.errors import UnknownModel

if TYPE_CHECKING:
    from typing import Any

ARCHITECTURES: dict[str, str] = {
    "dbt_slab.small": "models.architectures.dbt_slab",
    "dbt_slab.tiny": "models.architectures.dbt_slab",
    "exam_fusion.small": "models.architectures.exam_fusion",
    "global_local.small": "models.architectures.global_local",
    "global_local.tiny": "models.architectures.global_local",
    "gmic.resnet18": "models.architectures.gmic",
    "mirai_encoder.resnet18": "models.architectures.mirai_encoder",
    "timm_classifier.convnext_atto": "models.architectures.timm_classifier",
    "timm_classifier.convnext_small.fb_in22k_ft_in1k_384": "models.architectures.timm_classifier",
}
"""Name -> module whose VARIANTS builds it; the last three families are those that `models.importers` fills."""


def build(name: str) -> Any:
    """Return an untrained network of the named family with random weights; trained ones come from `models.registry`.

    The class differs by family: `global_local.GlobalLocal`, `dbt_slab.DbtSlab`, `exam_fusion.ExamFusion`, `gmic.Gmic`,
    `mirai_encoder.MiraiEncoder`, `timm_classifier.TimmClassifier`; all are `graphs.Exportable`. Raises UnknownModel.
    """
    if name not in ARCHITECTURES:
        raise UnknownModel(f"no architecture is called {name!r}; known: {', '.join(sorted(ARCHITECTURES))}")
    return importlib.import_module(ARCHITECTURES[name]).VARIANTS[name]()

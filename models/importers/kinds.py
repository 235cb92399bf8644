"""What can be imported: per kind the network, its preprocessing, and how published names become ours."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from models.architectures import ARCHITECTURES
from models.errors import CheckpointMismatch, UnknownModel
from models.importers.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import torch
    from torch import nn

    Tensors = Mapping[str, torch.Tensor]
    Settings = dict[str, object]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
MIRAI_MEAN, MIRAI_DEVIATION = 7047.99, 12005.5

MIRAI_FACTORS = (
    *("density", "binary_family_history", "binary_biopsy_benign", "binary_biopsy_LCIS"),
    *("binary_biopsy_atypical_hyperplasia", "age", "menarche_age", "menopause_age", "first_pregnancy_age"),
    *("prior_hist", "race", "parous", "menopausal_status", "weight", "height", "ovarian_cancer"),
    *("ovarian_cancer_age", "ashkenazi", "brca", "mom_bc_cancer_history", "m_aunt_bc_cancer_history"),
    *("p_aunt_bc_cancer_history", "m_grandmother_bc_cancer_history", "p_grantmother_bc_cancer_history"),
    *("sister_bc_cancer_history", "mom_oc_cancer_history", "m_aunt_oc_cancer_history", "p_aunt_oc_cancer_history"),
    *("m_grandmother_oc_cancer_history", "p_grantmother_oc_cancer_history", "sister_oc_cancer_history"),
    *("hrt_type", "hrt_duration", "hrt_years_ago_stopped"),
)
"""Mirai's risk factors in the order of its published configuration, which is the order its hazard layer reads them."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One importable layout.

    `rename` turns a published key into ours, or None for one that this network does not need; every such key is named
    in the card. `settings` reads the network's variable sizes off the published tensors.
    """

    name: str
    architecture: str
    builder: str
    plan: Plan
    rename: Callable[[str], str | None]
    source: str
    licence: str
    answers: str
    differences: str
    settings: Callable[[Tensors], Settings] = field(default=lambda _: {})


def get(name: str) -> Kind:
    """Return the kind of that name. Raises UnknownModel."""
    if name not in KINDS:
        raise UnknownModel(f"no importer is called {name!r}; known: {', '.join(sorted(KINDS))}")
    return KINDS[name]


def build(kind: Kind, settings: Mapping[str, object]) -> nn.Module:
    """Return the kind's untrained network. Raises UnknownModel for settings it does not know."""
    module = importlib.import_module(ARCHITECTURES[kind.architecture])
    try:
        network: nn.Module = getattr(module, kind.builder)(**settings)
    except (TypeError, ValueError) as error:
        raise UnknownModel(f"{kind.architecture} cannot be built with {dict(settings)}: {error}") from error
    return network


def _gmic(key: str) -> str | None:
    """GMIC's names are ours; an earlier release called the last layer otherwise."""
    return re.sub(r"^fusion_network\.", "fusion_dnn.", key)


def _classifier(key: str) -> str | None:
    return f"model.{key}"


_MIRAI_RULES = (
    (r"^downsampler\.(.+)$", r"backbone.\1"),
    (r"^layer(\d)_(\d+)\.(.+)$", r"backbone.layer\1.\2.\3"),
    (r"^pool\.(\w+)_fc\.(weight|bias)$", r"head.factors.\1.\2"),
    (r"^prob_of_failure_layer\.hazard_fc\.(.+)$", r"head.hazard.\1"),
    (r"^prob_of_failure_layer\.base_hazard_fc\.(.+)$", r"head.base_hazard.\1"),
)
_MIRAI_UNUSED = r"^(fc|birads_fc|region_fc)\.|^prob_of_failure_layer\.upper_triagular_mask$|^transformer\."


def _mirai(key: str) -> str | None:
    """Mirai flattens its stages into names; its other heads, the transformer and a constant mask are not needed."""
    inner = key.removeprefix("image_encoder.").removeprefix("_model.")
    if re.match(_MIRAI_UNUSED, inner):
        return None
    for pattern, ours in _MIRAI_RULES:
        if re.match(pattern, inner):
            return re.sub(pattern, ours, inner)
    return inner


def _mirai_settings(tensors: Tensors) -> Settings:
    """The risk factors the head was trained with, in the published order, or no head at all."""
    ours = {_mirai(key): value for key, value in tensors.items()}
    if "head.hazard.weight" not in ours:
        return {}
    found = {
        key.split(".")[2]: int(value.shape[0])
        for key, value in ours.items()
        if key is not None and re.match(r"^head\.factors\.\w+\.weight$", key)
    }
    if unknown := sorted(found.keys() - set(MIRAI_FACTORS)):
        raise CheckpointMismatch(f"risk factors of unknown place in the hazard layer: {', '.join(unknown)}")
    return {"factors": [[name, found[name]] for name in MIRAI_FACTORS if name in found]}


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            name="gmic",
            architecture="gmic.resnet18",
            builder="Gmic",
            plan=Plan(
                *("imported-gmic", "breast", "window", 2944, 1920, 4095.0, False, False, "image"), mean=(), deviation=()
            ),
            rename=_gmic,
            source="nyukat/GMIC",
            licence="AGPL-3.0 as published; check that your use is allowed",
            answers="per image: probability of malignancy, saliency, six regions with attention",
            differences=(
                "The window lies at the chest wall and is centred on the breast; the publishers search the best "
                "centre. One of the five published models at a time."
            ),
        ),
        Kind(
            name="timm",
            architecture="timm_classifier.convnext_small.fb_in22k_ft_in1k_384",
            builder="TimmClassifier",
            plan=Plan(
                *("imported-timm", "breast", "letterbox", 2048, 1024, 255.0, True, False, "fixed"),
                mean=tuple(255.0 * value for value in IMAGENET_MEAN),
                deviation=tuple(255.0 * value for value in IMAGENET_DEVIATION),
            ),
            rename=_classifier,
            source="dangnh0611/kaggle_rsna_breast_cancer or another timm classifier with one logit",
            licence="MIT for the RSNA 2023 winner's code; the training data have terms of their own",
            answers="per image: probability of malignancy and an activation that explains it; no regions",
            differences=(
                "The breast is found by this project's own mask instead of the published YOLOX detector. Breasts are "
                "shown with the chest wall left. One fold at a time."
            ),
        ),
        Kind(
            name="mirai",
            architecture="mirai_encoder.resnet18",
            builder="MiraiEncoder",
            plan=Plan(
                *("imported-mirai", "none", "stretch", 2048, 1664, 65535.0, True, True, "fixed"),
                mean=(MIRAI_MEAN,) * 3,
                deviation=(MIRAI_DEVIATION,) * 3,
            ),
            rename=_mirai,
            settings=_mirai_settings,
            source="yala/Mirai or reginabarzilaygroup/Mirai",
            licence="MIT",
            answers="per image: 512 features; with its risk head one view's risk of cancer within a year; no regions",
            differences=(
                "The image encoder only: no transformer over the four views, no calibrator, risk factors always "
                "predicted. Its score is not Mirai's published risk. Presentation values stand for the min-max range."
            ),
        ),
    )
}
"""Kinds by the name used on the command line."""

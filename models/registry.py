"""The models this installation ships: one card per name, and the trained network a card stands for.

Importing this module costs no torch. A name without a card, weights or matching preprocessing never yields a model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models import cards
from models.architectures import build
from models.errors import CardInvalid
from models.preprocess import identity
from models.weights import STORE, checked, graph_path, load_into, load_ood

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from models.architectures.graphs import Graph
    from models.cards import ModelCard
    from models.ood import OodReference

DEFAULT = "phantom-ffdm"
"""The name `readers.ai` loads when a site configures none."""


def list_models() -> tuple[str, ...]:
    """Return the names of all cards, sorted."""
    return cards.names()


def card_of(name: str) -> ModelCard:
    """Return a card that this code can honour. Raises UnknownModel, CardInvalid (as of another preprocessing)."""
    card = cards.read(name)
    if (card.preprocessing_id, card.preprocessing_sha256) != identity():
        raise CardInvalid(f"card {name!r} was written for preprocessing {card.preprocessing_id!r} of another hash")
    return card


def create_model(name: str, store: Path = STORE) -> tuple[Any, OodReference, ModelCard]:
    """Return the trained network in eval mode, its out-of-distribution statistics and its card.

    Its exam network, where it has one, comes with `torch_graphs`. Raises UnknownModel, CardInvalid, WeightsMissing,
    WeightsHashMismatch or WeightsIncompatible.
    """
    card = card_of(name)
    network, _, ood = _networks(card, store)
    return network, ood, card


def torch_graphs(card: ModelCard, store: Path = STORE) -> dict[str, Graph]:
    """Return all graphs of a model as modules in eval mode, those of its exam network among them. Raises as above."""
    network, fusion, _ = _networks(card, store)
    return {**network.graphs(), **(fusion.graphs() if fusion is not None else {})}


def exported_graphs(card: ModelCard, store: Path = STORE) -> dict[str, bytes]:
    """Return the model's ONNX files, checked, without torch. Raises WeightsMissing, WeightsHashMismatch."""
    weights = store / card.weights_file
    return {name: checked(graph_path(weights, name), sha256) for name, sha256 in card.graphs.items()}


def statistics(card: ModelCard, store: Path = STORE) -> OodReference:
    """Return the out-of-distribution statistics without torch. Raises as `create_model`."""
    return load_ood(store / card.weights_file, card.weights_sha256)


def _networks(card: ModelCard, store: Path) -> tuple[Any, Any, OodReference]:
    network = build(card.architecture)
    fusion = build(card.fusion) if card.fusion else None
    ood = load_into(network, store / card.weights_file, card.weights_sha256, fusion)
    return network.eval(), fusion.eval() if fusion is not None else None, ood

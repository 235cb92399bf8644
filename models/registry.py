"""The models this installation ships: one card per name, and the trained network a card stands for.

Importing this module costs no torch. A name without a card, weights or matching preprocessing never yields a model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models import cards
from models.architectures import build
from models.errors import CardInvalid
from models.preprocess import identity
from models.weights import STORE, load_into

if TYPE_CHECKING:
    from pathlib import Path

    from models.architectures.saliency_fpn import SaliencyFpn
    from models.cards import ModelCard
    from models.ood import OodReference

DEFAULT = "phantom-ffdm"
"""The name `readers.ai` loads when a site configures none."""


def list_models() -> tuple[str, ...]:
    """Return the names of all cards, sorted."""
    return cards.names()


def create_model(name: str, store: Path = STORE) -> tuple[SaliencyFpn, OodReference, ModelCard]:
    """Return the trained network in eval mode, its out-of-distribution statistics and its card.

    Raises UnknownModel, CardInvalid (among others: the card was written for another preprocessing), WeightsMissing,
    WeightsHashMismatch or WeightsIncompatible.
    """
    card = cards.read(name)
    if (card.preprocessing_id, card.preprocessing_sha256) != identity():
        raise CardInvalid(f"card {name!r} was written for preprocessing {card.preprocessing_id!r} of another hash")
    network = build(card.architecture)
    ood = load_into(network, store / card.weights_file, card.weights_sha256)
    return network.eval(), ood, card

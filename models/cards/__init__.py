"""Model cards: what a model is, was trained on, scored when held out, and must not be used for.

A card is a TOML file beside this module, written by training and read strictly: a card that lacks a field is refused.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from models.errors import CardInvalid, UnknownModel

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parent
MARK_FROM = 0.25
"""Lowest score of a mark where a card states none."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The part of a card that code relies on; the file holds more, for people.

    `modalities` and `views` limit what the model may be shown. `phantom_trained` models carry the label wherever a
    score of theirs is shown. `family` is what it reads, `ffdm` images or `dbt` volumes; `fusion` the architecture of
    its exam network, None without one; `graphs` the SHA-256 of its exported file per graph, empty without any.
    `mark_from` is the lowest raw score of a region that is worth a mark: at most 0.5 false marks per held-out image.
    """

    name: str
    version: str
    architecture: str
    weights_file: str
    weights_sha256: str
    preprocessing_id: str
    preprocessing_sha256: str
    modalities: tuple[str, ...]
    views: tuple[str, ...]
    phantom_trained: bool
    label: str
    family: Literal["ffdm", "dbt"] = "ffdm"
    fusion: str | None = None
    graphs: Mapping[str, str] = field(default_factory=dict)
    mark_from: float = MARK_FROM


@dataclass(frozen=True, slots=True)
class ReferenceScore:
    """One held-out raw score with its truth; `unit` is exam or breast, `vendor` the phantom style's name."""

    unit: str
    vendor: str
    score: float
    malignant: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """Held-out scores of a model, for calibration and for the exam score 1-10.

    `exam_deciles` are the nine inner deciles of raw exam scores in the stated `population`; an exam's score 1-10 is
    one more than the number of deciles its raw score exceeds.
    """

    model: str
    weights_sha256: str
    population: str
    exam_deciles: tuple[float, ...]
    scores: tuple[ReferenceScore, ...]


def names() -> tuple[str, ...]:
    """Return the names of the cards that ship, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def read(name: str, folder: Path = FOLDER) -> ModelCard:
    """Return the card. Raises UnknownModel or CardInvalid."""
    path = folder / f"{name}.toml"
    if "/" in name or not path.is_file():
        raise UnknownModel(f"no model is called {name!r}; known: {', '.join(names()) or 'none'}")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return ModelCard(
            name=content["name"],
            version=content["version"],
            architecture=content["architecture"],
            weights_file=content["weights"]["file"],
            weights_sha256=content["weights"]["sha256"],
            preprocessing_id=content["preprocessing"]["id"],
            preprocessing_sha256=content["preprocessing"]["sha256"],
            modalities=tuple(content["scope"]["modalities"]),
            views=tuple(content["scope"]["views"]),
            phantom_trained=content["phantom_trained"],
            label=content["label"],
            family=_family(content.get("family", "ffdm")),
            fusion=content.get("fusion"),
            graphs=dict(content.get("graphs", {})),
            mark_from=float(content.get("held_out", {}).get("mark_from", MARK_FROM)),
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise CardInvalid(f"card {name!r} cannot be used: {error}") from error


def _family(text: object) -> Literal["ffdm", "dbt"]:
    """Raises ValueError for a family that this installation cannot read."""
    if text == "ffdm":
        return "ffdm"
    if text == "dbt":
        return "dbt"
    raise ValueError(f"unknown family {text!r}")


def reference(name: str, folder: Path = FOLDER) -> Reference:
    """Return a model's held-out scores. Raises UnknownModel when there are none, CardInvalid when they are broken."""
    path = folder / f"{name}.reference.json"
    if "/" in name or not path.is_file():
        raise UnknownModel(f"model {name!r} has no held-out reference scores")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        scores = tuple(ReferenceScore(*row) for row in content["scores"])
        deciles = tuple(float(value) for value in content["exam_deciles"])
        return Reference(content["model"], content["weights_sha256"], content["population"], deciles, scores)
    except (ValueError, KeyError, TypeError) as error:
        raise CardInvalid(f"reference scores of {name!r} cannot be used: {error}") from error

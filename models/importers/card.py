"""The card of an imported model: written with the model, read strictly when it is loaded."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models import cards
from models.errors import CardInvalid
from models.importers.convert import LABEL, plan_table
from models.importers.plan import Plan, from_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from models.cards import ModelCard
    from models.importers.checkpoint import Checkpoint
    from models.importers.convert import Options
    from models.importers.kinds import Kind

VERSION = "1.0.0"
_LIMITS = (
    "Imported, not commissioned here: no figure of this model was measured by this project. Scores are uncalibrated. "
    "It knows nothing of the machines, processing and women of this site."
)


@dataclass(frozen=True, slots=True)
class ImportedCard:
    """What loading needs: the common card, the importer's kind, the network's sizes and the preprocessing."""

    common: ModelCard
    kind: str
    network: Mapping[str, object]
    plan: Plan


def text(
    kind: Kind,
    found: Checkpoint,
    weights_file: str,
    weights_sha256: str,
    unused: tuple[str, ...],
    settings: Mapping[str, object],
    plan: Plan,
    options: Options,
) -> str:
    """Return the card as TOML; no date, no path, so the same checkpoint gives the same card."""
    identity, digest = plan.identity
    top = {
        "name": options.name,
        "version": VERSION,
        "architecture": _architecture(kind, settings),
        "imported": kind.name,
        "phantom_trained": False,
        "label": LABEL,
        "licence": options.licence or kind.licence,
        "intended_use": "Research, comparison and commissioning on local exams. No reader before commissioning.",
        "limits": _LIMITS,
        "answers": kind.answers,
        "differences_from_published": kind.differences,
    }
    tables: dict[str, Mapping[str, object]] = {
        "weights": {"file": weights_file, "sha256": weights_sha256},
        "source": {
            "publisher": kind.source,
            "sha256": found.sha256,
            "table": found.part,
            "tensors": len(found.tensors),
            "unused": list(unused),
        },
        "network": settings,
        "preprocessing": {"id": identity, "sha256": digest},
        "preprocessing.plan": plan_table(plan),
        "scope": {
            "modalities": ["MG"],
            "views": ["CC", "MLO"],
            "presentation": "For Presentation, full-field digital, no implant, no magnification",
        },
        "commissioning": {"done": False, "out_of_distribution": "none fitted: every view counts as outside"},
    }
    parts = ["\n".join(_line(*item) for item in top.items())]
    parts += [f"[{name}]\n" + "\n".join(_line(*item) for item in table.items()) for name, table in tables.items()]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def read(folder: Path, name: str) -> ImportedCard:
    """Return the card of a model in a folder. Raises UnknownModel, CardInvalid."""
    common = cards.read(name, folder)
    content = tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))
    try:
        card = ImportedCard(
            common, content["imported"], content["network"], from_table(content["preprocessing"]["plan"])
        )
    except KeyError as error:
        raise CardInvalid(f"card {name!r} is not of an imported model: it lacks {error}") from error
    if card.plan.identity != (common.preprocessing_id, common.preprocessing_sha256):
        raise CardInvalid(f"card {name!r}: its preprocessing was changed after the import, or is of another version")
    return card


def _architecture(kind: Kind, settings: Mapping[str, object]) -> str:
    """Family and tag; a timm classifier's tag is its backbone."""
    backbone = settings.get("backbone")
    return f"{kind.architecture.partition('.')[0]}.{backbone}" if backbone else kind.architecture


def _line(key: str, value: object) -> str:
    """One TOML line; JSON's strings, numbers, booleans and arrays are TOML's too."""
    return f"{key} = {json.dumps(value, ensure_ascii=False)}"

"""Which model reads an exam: the one whose four standard views are there, and never a mix of kinds of images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from readers.ai.slots import DBT_KINDS, FFDM_KINDS, Selection, fill_slots
from readers.ai.views import ViewModel
from screening.domain.study import ImageKind, Study

KINDS: Mapping[str, frozenset[ImageKind]] = {"ffdm": FFDM_KINDS, "dbt": DBT_KINDS}
"""What each family of models reads."""


@dataclass(frozen=True)
class Plan:
    """A model and the images it would read."""

    model: ViewModel
    selection: Selection


def plans_of(study: Study, models: Sequence[ViewModel]) -> list[Plan]:
    """One plan per model, the one with the fewest missing views first; of equals, the model named first."""
    made = [Plan(model, fill_slots(study, KINDS[model.info.family])) for model in models]
    return sorted(made, key=lambda plan: len(plan.selection.missing))

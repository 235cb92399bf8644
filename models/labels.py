"""The closed lists a model's outputs are indexed by, in order. Changing an order makes another model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from models.phantom.spec import LesionKind

LesionType = Literal["mass", "calcification", "distortion", "asymmetry"]
Density = Literal["a", "b", "c", "d"]
Laterality = Literal["L", "R"]
ViewName = Literal["CC", "MLO"]

LESION_TYPES: tuple[LesionType, ...] = ("mass", "calcification", "distortion", "asymmetry")
DENSITIES: tuple[Density, ...] = ("a", "b", "c", "d")
SLOTS: tuple[tuple[Laterality, ViewName], ...] = (("L", "CC"), ("L", "MLO"), ("R", "CC"), ("R", "MLO"))
"""The four standard views in the order of the exam network's input."""

TYPE_OF_KIND: dict[LesionKind, LesionType] = {
    "spiculated_mass": "mass",
    "circumscribed_mass": "mass",
    "calcifications": "calcification",
    "distortion": "distortion",
    "asymmetry": "asymmetry",
}
"""Which output a phantom finding trains."""

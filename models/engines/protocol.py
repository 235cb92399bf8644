"""The contract of an engine: it runs named static graphs, and nothing of the model's logic. No torch here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from models.predictions import ViewPrediction

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Engine", "ViewPrediction"]


class Engine(Protocol):
    """Runs the graphs of one trained model; deterministic on one machine."""

    @property
    def name(self) -> str:
        """Engine, such as `torch`."""

    @property
    def precision(self) -> str:
        """Arithmetic, such as `f32`."""

    @property
    def runtime(self) -> str:
        """Library and version, recorded with every score."""

    def run(self, graph: str, *inputs: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Return the outputs of a graph, float32, in the order `architectures.graphs` states."""

"""The native reader as a plug-in: our own networks with the calibrations in force."""

from __future__ import annotations

from readers.ai.explain.saliency import ExplainedRead
from readers.ai.loading import native_reader
from readers.ai.reader import NeuralReader
from readers.plugins.contract import ReaderContext, Scope
from screening.domain.ai_read import AiIdentity, AiRead
from screening.domain.study import ImageKind, Study
from screening.workflow.ports import PixelSource


class NativeReader:
    """The neural reader with its scope: acquired 2D mammograms and tomosynthesis, any manufacturer and age."""

    scope = Scope(kinds=frozenset({ImageKind.FFDM, ImageKind.DBT}))

    def __init__(self, reader: NeuralReader) -> None:
        self._reader = reader

    @property
    def identity(self) -> AiIdentity:
        """Who signs the read."""
        return self._reader.identity

    @property
    def fingerprint(self) -> str:
        """Which calibrations are in force."""
        return self._reader.fingerprint

    def read(self, study: Study, pixels: PixelSource, site: str, prior: Study | None = None) -> AiRead:
        """Read one study."""
        return self._reader.read(study, pixels, site, prior)

    def explained(self, study: Study, pixels: PixelSource, site: str, prior: Study | None = None) -> ExplainedRead:
        """Read one study, with where the network saw evidence on its images."""
        return self._reader.explained(study, pixels, site, prior)


def native(context: ReaderContext) -> NativeReader:
    """Load the model of the context; the factory behind the entry point `native`.

    Raises ModelNotFound or ModelUnusable: a model is loaded exactly as its card says or not at all.
    """
    return NativeReader(native_reader(context.model, context.calibrations, context.engine, context.precision))

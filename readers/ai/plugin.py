"""The native reader as a plug-in: our own networks with the calibrations in force."""

from __future__ import annotations

from readers.ai.explain.saliency import SaliencyMap, saliency_of, slab_saliency_of
from readers.ai.loading import native_reader
from readers.ai.reader import NeuralReader
from readers.plugins.contract import ReaderContext, Scope
from screening.domain.ai_read import AiIdentity, AiRead
from screening.domain.study import ImageKind, Study
from screening.workflow.ports import PixelSource, PresentationImage, PresentationVolume


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

    def saliency(self, picture: PresentationImage) -> SaliencyMap | None:
        """Where on a mammogram the network sees evidence; None when it cannot read it."""
        return saliency_of(self._reader.model, picture)

    def volume_saliency(self, volume: PresentationVolume, index: int, signed: AiIdentity) -> SaliencyMap | None:
        """Where the model that signed sees evidence around stored frame `index` (from 0); None when it cannot tell."""
        model = self._reader.model_of(signed)
        return None if model is None else slab_saliency_of(model, volume, index)


def native(context: ReaderContext) -> NativeReader:
    """Load the model of the context; the factory behind the entry point `native`.

    Raises ModelNotFound or ModelUnusable: a model is loaded exactly as its card says or not at all.
    """
    return NativeReader(native_reader(context.model, context.calibrations, context.engine, context.precision))

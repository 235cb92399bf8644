"""Which AI readers are active, and how they are built from the settings.

The first active reader reads the cases; every active one can be asked by `secondread score --reader`, so that a unit
can compare products without one of them ever standing for another.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from screening.app.settings import Settings
from screening.domain.errors import ModelNotFound, NotFound
from screening.domain.identifiers import FileDigest
from screening.workflow.ports import FileLocator

if TYPE_CHECKING:
    from readers.plugins.contract import ReaderContext
    from readers.plugins.scoped import ScopedReader


class NoFiles:
    """A store without files, for a reader that is handed pixels only."""

    def path(self, digest: FileDigest) -> Path:
        """Raises NotFound."""
        raise NotFound("this reader was built without a file store")


def ai_reader(
    settings: Settings, files: FileLocator | None = None, name: str = "", calibrated: bool = True
) -> ScopedReader:
    """The active reader of this name, empty for the first; not `calibrated`, none of its scores counts as a read.

    Raises ModelNotFound when it is not active or not installed, ModelUnusable when it cannot be loaded or built.
    """
    from readers.ai.calibration import Calibrations
    from readers.plugins.discovery import build

    wanted = name or settings.active_readers[0]
    if wanted not in settings.active_readers:
        raise ModelNotFound(f"the reader {wanted!r} is not active; active: {', '.join(settings.active_readers)}")
    context = reader_context(settings, files or NoFiles())
    return build(wanted, context if calibrated else replace(context, calibrations=Calibrations(())))


def reader_context(settings: Settings, files: FileLocator) -> ReaderContext:
    """What plug-ins are given.

    Raises InvalidInput or CalibrationInvalid for unusable calibrations, CommissioningUntrusted for an unusable key.
    """
    from readers.ai.calibration import SHIPPED, Calibrations
    from readers.plugins.contract import ReaderContext, RemoteOptions, SendMode
    from screening.app.commissioning import trust
    from screening.dicom.cad_sr_reading import DicomCadSrSource

    folders = [SHIPPED, *([settings.calibrations_dir] if settings.calibrations_dir else [])]
    return ReaderContext(
        files=files,
        cad_reports=DicomCadSrSource(files),
        calibrations=Calibrations.from_folders(*folders, trust=trust(settings)),
        model=settings.model,
        engine=settings.engine,
        precision=settings.precision,
        cad_sr_product=settings.cad_sr_product,
        remote=RemoteOptions(
            url=settings.remote_reader_url,
            timeout_s=settings.remote_reader_timeout_s,
            send=SendMode(settings.remote_reader_send),
            token=settings.remote_reader_token.get_secret_value(),
        ),
    )

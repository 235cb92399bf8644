"""What a reader plug-in declares and is given.

An entry point of the group `secondread.readers` names a callable `(ReaderContext) -> ReaderPlugin`. It must not open a
socket, load a model or read a file at import time; building the reader may.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal, Protocol

from readers.ai.calibration import Calibrations
from screening.domain.quality import ReasonCode
from screening.domain.study import Image, ImageKind, Study, View
from screening.workflow.ports import AiReader, CadSrSource, FileLocator

GROUP: Final = "secondread.readers"


@dataclass(frozen=True)
class Scope:
    """Which exams a reader is meant for; everything else is refused before a pixel is decoded.

    `manufacturers` are words looked for in the manufacturer's name, case ignored; empty means any. `ages` are years,
    both ends included; None means any, and with ages stated an unknown age is refused.
    """

    kinds: frozenset[ImageKind] = frozenset({ImageKind.FFDM})
    views: frozenset[View] = frozenset({View.CC, View.MLO})
    manufacturers: frozenset[str] = frozenset()
    ages: tuple[int, int] | None = None

    def refusal(self, study: Study) -> ReasonCode | None:
        """Why the study is outside, or None. Looks at the header only."""
        of_kind = [image for image in study.images if image.kind in self.kinds]
        shown = [image for image in of_kind if image.view in self.views]
        checks = (
            (not of_kind, ReasonCode.MODALITY_OUT_OF_SCOPE),
            (not shown, ReasonCode.VIEWS_OUT_OF_SCOPE),
            (not all(map(self._made_by, shown)), ReasonCode.VENDOR_OUT_OF_SCOPE),
            (not self._aged(study.header.age_years), ReasonCode.AGE_OUT_OF_SCOPE),
        )
        return next((reason for outside, reason in checks if outside), None)

    def _made_by(self, image: Image) -> bool:
        maker = image.device.manufacturer.casefold()
        return not self.manufacturers or any(word.casefold() in maker for word in self.manufacturers)

    def _aged(self, years: int | None) -> bool:
        if self.ages is None:
            return True
        return years is not None and self.ages[0] <= years <= self.ages[1]


class ReaderPlugin(AiReader, Protocol):
    """An AI reader that says what it is meant for."""

    @property
    def scope(self) -> Scope:
        """Which exams it reads."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same exam could get another read: calibrations, configuration."""
        ...


class SendMode(StrEnum):
    """What a remote reader is sent: the DICOM files, or ids of objects that it fetches itself."""

    FILES = "files"
    IDS = "ids"


@dataclass(frozen=True)
class RemoteOptions:
    """Where the HTTP reader's service is (`http://host/base`), how long a read may take, and what is sent."""

    url: str = ""
    timeout_s: float = 120.0
    send: SendMode = SendMode.FILES
    token: str = field(default="", repr=False)


@dataclass(frozen=True)
class ReaderContext:
    """What a plug-in may use.

    `model` is the name of a model of ours, empty for the default one, `engine` and `precision` how it is run;
    `cad_sr_product` a word in the name of the
    product whose CAD reports are read, empty when there is only one.
    """

    files: FileLocator
    cad_reports: CadSrSource
    calibrations: Calibrations
    model: str = ""
    engine: Literal["auto", "torch", "onnxruntime", "openvino"] = "auto"
    precision: Literal["f32", "bf16"] = "f32"
    cad_sr_product: str = ""
    remote: RemoteOptions = RemoteOptions()


ReaderFactory = Callable[[ReaderContext], ReaderPlugin]

"""Run a model over local exams for commissioning: raw scores and descriptors per exam, kept so that a run can resume.

The model reads without any calibration, so nothing here can count as a read. What is kept of an exam is a file named
by a hash: scores, reason codes, descriptors, UIDs of the images used, and no word of the woman.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from readers.ai.calibration import ANY_SITE, Calibrations, Stratum
from readers.ai.commissioning.evidence import BreastEvidence, ExamEvidence
from readers.ai.reader import NeuralReader
from screening.app.commissioning_labels import Truth
from screening.app.output import writing
from screening.domain.ai_read import AiIdentity, AiRead
from screening.domain.identifiers import stable_id
from screening.domain.quality import ReasonCode
from screening.domain.study import Study
from screening.workflow.ports import PixelSource

if TYPE_CHECKING:
    from models.predict import ModelInfo
    from models.predictions import ExamPrediction, FrameSource, ViewPrediction
    from models.preprocess import PreparedView
    from readers.ai.views import ViewKey, ViewModel

FOLDER = "exams"
NOT_A_REFUSAL = frozenset(
    {ReasonCode.STRATUM_UNCALIBRATED, ReasonCode.NOT_COMMISSIONED, ReasonCode.COMMISSIONING_UNVERIFIED}
)
"""Reasons every read has before the model is commissioned."""


@dataclass
class Recorder:
    """A model that answers as the one it wraps, and keeps the descriptors of the views it judged an exam by.

    Views of the prior, and retakes that the exam does not use, are not among them.
    """

    model: ViewModel
    judged: list[NDArray[np.float64]] = field(default_factory=list)

    @property
    def info(self) -> ModelInfo:
        """Identity of the model."""
        return self.model.info

    def prepare(self, pixels01: NDArray[np.float32], pixel_mm: float) -> PreparedView:
        """A view ready for `predict`."""
        return self.model.prepare(pixels01, pixel_mm)

    def predict(self, prepared: PreparedView) -> ViewPrediction:
        """The prediction of one view."""
        return self.model.predict(prepared)

    def predict_volume(self, frames: FrameSource) -> ViewPrediction:
        """The prediction of one volume."""
        return self.model.predict_volume(frames)

    def predict_exam(
        self, views: Mapping[ViewKey, ViewPrediction], priors: Mapping[ViewKey, ViewPrediction] | None = None
    ) -> ExamPrediction:
        """The prediction of the exam."""
        self.judged = [view.descriptor for view in views.values()]
        return self.model.predict_exam(views, priors)

    def take(self) -> NDArray[np.float64]:
        """Descriptors float64 (views, F) of the last exam, in an order that does not depend on the images'."""
        taken = sorted((one for one in self.judged if one.size), key=lambda one: one.tobytes())
        self.judged = []
        return np.stack(taken) if taken else np.zeros((0, 0))


class LocalScorer:
    """Scores exams one by one; an exam that is on disk for these files and this model is not read again."""

    def __init__(self, model: ViewModel, pixels: PixelSource, site: str, version: str, out: Path) -> None:
        """`version` names the program; `out` is the folder of the commissioning."""
        self._recorder = Recorder(model)
        self._reader = NeuralReader(self._recorder, Calibrations(()))
        self._pixels, self._site, self._version = pixels, site, version
        self._folder = out / FOLDER

    @property
    def identity(self) -> AiIdentity:
        """Whose scores they are."""
        return self._reader.identity

    def score(self, study: Study, truth: Truth, prior: Study | None = None) -> ExamEvidence:
        """The evidence of one exam, compared with its prior where there is one.

        Raises InvalidInput or StoreUnavailable when it cannot be kept.
        """
        path = self._folder / f"{stable_id('exam', study.study_instance_uid)}.json"
        signature = self._signature(study, prior)
        kept = _kept(path, signature) or self._read(study, prior, path, signature)
        return _evidence(kept, study, truth, self._site)

    def _read(self, study: Study, prior: Study | None, path: Path, signature: str) -> dict[str, Any]:
        if study.quarantine is not None:
            document = _document(signature, None, study.quarantine, np.zeros((0, 0)))
        else:
            read = self._reader.read(study, self._pixels, self._site, prior)
            document = _document(signature, read, None, self._recorder.take())
        with writing(path):
            self._folder.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            part.write_text(json.dumps(document), encoding="utf-8")
            part.replace(path)
        return document

    def _signature(self, study: Study, prior: Study | None) -> str:
        identity = self.identity
        made_by = (identity.weights_sha256, identity.preprocessing_sha256, identity.engine, identity.precision)
        digests: list[str] = sorted(image.digest for image in study.images)
        digests += ["prior", *sorted(image.digest for image in prior.images)] if prior else []
        parts = (*made_by, identity.runtime, self._site, self._version, *digests)
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _document(
    signature: str, read: AiRead | None, quarantine: ReasonCode | None, descriptors: NDArray[np.float64]
) -> dict[str, Any]:
    reasons = (
        [quarantine]
        if quarantine
        else [reason for reason in read.reasons if reason not in NOT_A_REFUSAL]
        if read
        else []
    )
    return {
        "signature": signature,
        "raw": read.raw_score if read else None,
        "breasts": [[breast.laterality.value, breast.raw_score] for breast in read.breasts] if read else [],
        "reasons": [reason.value for reason in reasons],
        "used": [fill.sop_instance_uid for fill in read.slots if fill.sop_instance_uid] if read else [],
        "descriptors": descriptors.tolist(),
    }


def _kept(path: Path, signature: str) -> dict[str, Any] | None:
    """What is on disk, when it is whole and of these files and this model."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    whole = isinstance(document, dict) and document.get("signature") == signature
    return document if whole else None


def _evidence(kept: Mapping[str, Any], study: Study, truth: Truth, site: str) -> ExamEvidence:
    reasons = tuple(kept["reasons"])
    sides = truth.sides
    return ExamEvidence(
        stratum=_stratum(study, kept["used"], site),
        on=study.header.study_date,
        raw=kept["raw"],
        cancer=truth.cancer,
        breasts=tuple(BreastEvidence(side, raw, sides[side] if sides else None) for side, raw in kept["breasts"]),
        refusals=reasons,
        unlike=ReasonCode.OUT_OF_DISTRIBUTION.value in reasons,
        descriptors=np.array(kept["descriptors"], np.float64, ndmin=2),
    )


def _stratum(study: Study, used: Sequence[str], site: str) -> Stratum:
    """The stratum of the images that were scored; of all where none was. Several devices make no stratum."""
    images = [image for image in study.images if image.sop_instance_uid in used] or list(study.images)
    strata = {Stratum.of(image.device, site or ANY_SITE) for image in images}
    return strata.pop() if len(strata) == 1 else NO_STRATUM


NO_STRATUM = Stratum("", "", "", "")
"""Of an exam made on several devices, or without any image."""

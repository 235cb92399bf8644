"""Score local exams for commissioning: raw scores and descriptors per exam, kept so that a run can resume.

What is kept of an exam is a file named by a hash: scores, reason codes, descriptors, who signed, UIDs of the images
used, and no word of the woman. An exam on which the reader failed is not kept: a later run asks again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readers.ai.calibration import ANY_SITE, Stratum
from readers.ai.commissioning.evidence import BreastEvidence, ExamEvidence
from screening.app.commissioning_candidates import Candidate
from screening.app.commissioning_labels import Truth
from screening.app.output import writing
from screening.domain.ai_read import AiIdentity, AiRead, AiStatus
from screening.domain.errors import InvalidInput, ModelUnusable
from screening.domain.identifiers import stable_id
from screening.domain.quality import ReasonCode
from screening.domain.study import Study
from screening.workflow.ports import PixelSource

FOLDER = "exams"
NOT_A_REFUSAL = frozenset(
    {ReasonCode.STRATUM_UNCALIBRATED, ReasonCode.NOT_COMMISSIONED, ReasonCode.COMMISSIONING_UNVERIFIED}
)
"""Reasons every read has before its reader is commissioned."""

ASK_AGAIN = frozenset({AiStatus.FAILED, AiStatus.TIMED_OUT})


class LocalScorer:
    """Scores exams one by one; an exam that is on disk for these files and this reader is not read again."""

    def __init__(self, candidate: Candidate, pixels: PixelSource, site: str, version: str, out: Path) -> None:
        """`version` names the program; `out` is the folder of the commissioning."""
        self._candidate = candidate
        self._pixels, self._site, self._version = pixels, site, version
        self._folder = out / FOLDER
        self._signed: set[AiIdentity] = set()

    @property
    def identity(self) -> AiIdentity:
        """Whose scores they are: of what signed the exams that got one.

        Raises InvalidInput when several products or versions did; without hashes also when nothing did, because then
        it is not known which product it would be.
        """
        own = self._candidate.reader.identity
        if not self._signed and not own.hashed:
            raise InvalidInput("the reader gave no exam a score: there is nothing to commission")
        one, *others = {replace(identity, runtime="") for identity in self._signed} or {own}
        if others:
            told = ", ".join(sorted({identity.product for identity in self._signed}))
            raise InvalidInput(f"the exams were read by several products or versions, give those of one: {told}")
        return replace(one, runtime="; ".join(sorted({identity.runtime for identity in self._signed or {own}})))

    def score(self, study: Study, truth: Truth, prior: Study | None = None) -> ExamEvidence:
        """The evidence of one exam, compared with its prior where there is one.

        Raises InvalidInput or StoreUnavailable when it cannot be kept, ModelUnusable when what read it does not say in
        which version: a calibration could then not tell it from the next.
        """
        path = self._folder / f"{stable_id('exam', study.study_instance_uid)}.json"
        signature = self._signature(study, prior)
        kept = _kept(path, signature) or self._read(study, prior, path, signature)
        self._sign(kept)
        return _evidence(kept, study, truth, self._site)

    def _read(self, study: Study, prior: Study | None, path: Path, signature: str) -> dict[str, Any]:
        if study.quarantine is not None:
            return self._keep(path, _document(signature, None, study.quarantine, np.zeros((0, 0))))
        read = self._candidate.reader.read(study, self._pixels, self._site, prior)
        document = _document(signature, read, None, self._candidate.descriptors())
        return document if read.status in ASK_AGAIN else self._keep(path, document)

    def _keep(self, path: Path, document: dict[str, Any]) -> dict[str, Any]:
        with writing(path):
            self._folder.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            part.write_text(json.dumps(document), encoding="utf-8")
            part.replace(path)
        return document

    def _sign(self, kept: Mapping[str, Any]) -> None:
        if kept["identity"] is None:
            return
        signed = AiIdentity(**kept["identity"])
        if not signed.versioned:
            raise ModelUnusable(f"{signed.model} states no version: no calibration could be made for it")
        self._signed.add(signed)

    def _signature(self, study: Study, prior: Study | None) -> str:
        digests: list[str] = sorted([image.digest for image in study.images] + [other.digest for other in study.others])
        digests += ["prior", *sorted(image.digest for image in prior.images)] if prior else []
        parts = (self._candidate.fingerprint, self._site, self._version, *digests)
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _document(
    signature: str, read: AiRead | None, quarantine: ReasonCode | None, descriptors: NDArray[np.float64]
) -> dict[str, Any]:
    reasons = [quarantine] if quarantine else [r for r in read.reasons if r not in NOT_A_REFUSAL] if read else []
    signed = read.identity if read and read.raw_score is not None else None
    return {
        "signature": signature,
        "identity": asdict(signed) if signed else None,
        "raw": read.raw_score if read else None,
        "breasts": [[breast.laterality.value, breast.raw_score] for breast in read.breasts] if read else [],
        "reasons": [reason.value for reason in reasons],
        "used": [fill.sop_instance_uid for fill in read.slots if fill.sop_instance_uid] if read else [],
        "descriptors": descriptors.tolist(),
    }


def _kept(path: Path, signature: str) -> dict[str, Any] | None:
    """What is on disk, when it is whole and of these files and this reader."""
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

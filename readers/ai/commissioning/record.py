"""The record of one commissioning: model, counts, figures, limits, verdict, scores, and the SHA-256 of what it covers.

The record is what is signed. It names the calibration and the report by hash, so that one signature holds them all. It
holds scores and counts, never an exam's id.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from readers.ai.calibration import Stratum
from readers.ai.commissioning.figures import Figures
from readers.ai.commissioning.limits import Limits
from readers.ai.commissioning.verdict import Check, Outcome, Verdict
from screening.domain.ai_read import AiIdentity
from screening.domain.errors import CommissioningUntrusted

FORMAT: Final = "secondread-commissioning/1"
SUFFIX: Final = ".commissioning.json"
SIGNATURE_SUFFIX: Final = ".commissioning.sig"


@dataclass(frozen=True)
class Record:
    """What a record says, as far as code relies on it. `files` are SHA-256 by name, of files beside the record.

    `scores` are raw exam scores by `cancer` and `no_cancer`, for `drift.compare`.
    """

    calibration_id: str
    product: str
    weights_sha256: str
    preprocessing_sha256: str
    stratum: Stratum
    on: date
    signed_by: str
    scope: str
    verdict: Verdict
    files: Mapping[str, str]
    scores: Mapping[str, tuple[float, ...]]


def document(
    identity: AiIdentity, record: Record, figures: Figures, limits: Limits, method: Mapping[str, object]
) -> bytes:
    """The bytes of a record's file: UTF-8 JSON. `method` says how the calibration was fitted, for people."""
    content: dict[str, object] = {
        "format": FORMAT,
        "calibration": record.calibration_id,
        "scope": record.scope,
        "label": identity.label,
        "on": record.on.isoformat(),
        "signed_by": record.signed_by,
        "verdict": record.verdict.outcome.value,
        "model": _model(identity, record),
        "stratum": asdict(record.stratum),
        "limits": {"id": limits.id, "sha256": limits.sha256, "exams": limits.exams, "cancers": limits.cancers},
        "checks": [asdict(check) for check in record.verdict.checks],
        "figures": asdict(figures),
        "calibration_method": dict(method),
        "scores": {name: list(values) for name, values in record.scores.items()},
        "files": dict(record.files),
    }
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def _model(identity: AiIdentity, record: Record) -> dict[str, str]:
    return {
        "product": record.product,
        "weights_sha256": record.weights_sha256,
        "preprocessing": identity.preprocessing,
        "preprocessing_sha256": record.preprocessing_sha256,
        "engine": identity.engine,
        "precision": identity.precision,
        "runtime": identity.runtime,
        "known_by": known_by(identity),
    }


def known_by(identity: AiIdentity) -> str:
    """What ties the commissioning to this AI, in words."""
    if identity.hashed:
        return "SHA-256 of weights and preprocessing"
    return "product and version alone: no hash of its weights is stated, a change under the same version goes unseen"


def parse(content: bytes) -> Record:
    """Read a record. Raises CommissioningUntrusted when it is of another form."""
    try:
        return _record(json.loads(content))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CommissioningUntrusted(f"the commissioning record cannot be read: {type(error).__name__}") from error


def sha256(path: Path) -> str:
    """SHA-256 of a file in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _record(content: Mapping[str, Any]) -> Record:
    if content["format"] != FORMAT:
        raise ValueError("another format")
    checks = tuple(Check(c["name"], c["limit"], c["found"], Outcome(c["outcome"])) for c in content["checks"])
    model = content["model"]
    return Record(
        calibration_id=content["calibration"],
        product=model["product"],
        weights_sha256=model["weights_sha256"],
        preprocessing_sha256=model["preprocessing_sha256"],
        stratum=Stratum(**content["stratum"]),
        on=date.fromisoformat(content["on"]),
        signed_by=content["signed_by"],
        scope=content["scope"],
        verdict=Verdict(Outcome(content["verdict"]), checks),
        files={str(name): str(digest) for name, digest in content["files"].items()},
        scores={str(name): tuple(map(float, values)) for name, values in content["scores"].items()},
    )

"""Commission the shipped models on phantoms: run as `python -m readers.ai.commission` after training.

It writes a calibration and a commissioning record for every phantom device that the models' held-out scores know, and
the list of hashes by which the program trusts these records: they vouch for phantoms only. A unit commissions a model
on its own exams with `secondread commission`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from models import cards
from models.cards import ModelCard, Reference, ReferenceScore
from models.errors import UnknownModel
from models.phantom.vendors import STYLES
from readers.ai import calibration_file
from readers.ai.calibration import SHIPPED, Stratum
from readers.ai.commissioning import limits, shipped
from readers.ai.commissioning.commission import Commissioned, Plan, commission
from readers.ai.commissioning.evidence import BreastEvidence, ExamEvidence
from readers.ai.commissioning.record import SUFFIX, Record, document, sha256
from screening.domain.ai_read import AiIdentity

SCOPE: Final = "commissioned on phantoms only; says nothing about women"
SIGNED_BY: Final = "the makers of this program, by the hash it holds"


def main(folder: Path = SHIPPED, hashes: Path = Path(shipped.__file__), on: date | None = None) -> dict[str, str]:
    """Write calibrations and records of every shipped model into `folder`, and the list of hashes; returns the list."""
    day = on or datetime.now(UTC).date()
    known: dict[str, str] = {}
    for name in cards.names():
        try:
            reference = cards.reference(name)
        except UnknownModel:
            continue
        identity = identity_of(cards.read(name))
        _clear(folder, identity.model)
        for vendor in sorted({score.vendor for score in reference.scores} & set(STYLES)):
            path = write(identity, commission_style(identity, reference, vendor), day, folder)
            known[path.name] = sha256(path)
    hashes.write_text(_module(known), encoding="utf-8")
    return known


def identity_of(card: ModelCard) -> AiIdentity:
    """Who made the held-out scores: training runs the network with torch, in single precision."""
    return AiIdentity(
        model=card.name,
        version=card.version,
        weights_sha256=card.weights_sha256,
        preprocessing=card.preprocessing_id,
        preprocessing_sha256=card.preprocessing_sha256,
        engine="torch",
        precision="f32",
        runtime="as trained",
        label=card.label,
    )


def commission_style(identity: AiIdentity, reference: Reference, vendor: str) -> Commissioned:
    """Commission a model on the held-out exams of one phantom style; the deciles are those of its own normals."""
    style = STYLES[vendor]
    stratum = Stratum(style.manufacturer, style.model_name, style.software_versions)
    name = f"{identity.model}-{identity.version}-{vendor}"
    population = f"held-out phantom exams of {vendor}"
    plan = Plan(limits.shipped("phantom-1"), date.min, population, name)
    return commission(identity, stratum, evidence(reference, vendor, stratum), plan, None)


def evidence(reference: Reference, vendor: str, stratum: Stratum) -> list[ExamEvidence]:
    """Held-out scores of one style as exams; their breasts follow in the same order, two by two."""
    exams = [score for score in reference.scores if score.unit == "exam" and score.vendor == vendor]
    breasts = [score for score in reference.scores if score.unit == "breast" and score.vendor == vendor]
    pairs = _pairs(breasts) if len(breasts) == 2 * len(exams) else [()] * len(exams)
    return [
        ExamEvidence(stratum, None, exam.score, exam.malignant, tuple(pair))
        for exam, pair in zip(exams, pairs, strict=True)
    ]


def write(identity: AiIdentity, done: Commissioned, on: date, folder: Path) -> Path:
    """Write calibration and record; returns the path of the record. Raises ValueError without a calibration."""
    if done.calibration is None:
        raise ValueError(f"{done.calibration_id} cannot be calibrated: its exams lack cancers or normals")
    files = {path.name: sha256(path) for path in calibration_file.write(done.calibration, folder)}
    record = Record(
        calibration_id=done.calibration_id,
        product=identity.product,
        weights_sha256=identity.weights_sha256,
        preprocessing_sha256=identity.preprocessing_sha256,
        stratum=done.stratum,
        on=on,
        signed_by=SIGNED_BY,
        scope=SCOPE,
        verdict=done.verdict,
        files=files,
        scores=done.scores,
    )
    path = folder / f"{done.calibration_id}{SUFFIX}"
    path.write_bytes(document(identity, record, done.figures, limits.shipped("phantom-1"), done.method))
    return path


def _pairs(breasts: Sequence[ReferenceScore]) -> list[tuple[BreastEvidence, ...]]:
    told = [BreastEvidence("", score.score, score.malignant) for score in breasts]
    return [tuple(told[at : at + 2]) for at in range(0, len(told), 2)]


def _clear(folder: Path, model: str) -> None:
    """Take away what an earlier version of the model left: its weights are no longer there to be read with."""
    for path in _of_model(folder, model):
        path.unlink()


def _of_model(folder: Path, model: str) -> Iterable[Path]:
    return [path for path in folder.iterdir() if path.name.startswith(f"{model}-") and path.is_file()]


def _module(known: dict[str, str]) -> str:
    """The source of `commissioning/shipped.py`."""
    rows = "".join(f'    "{name}": "{digest}",\n' for name, digest in sorted(known.items()))
    head = Path(shipped.__file__).read_text(encoding="utf-8").split("RECORDS:")[0]
    body = f"{{\n{rows}}}" if known else "{}"
    return f"{head}RECORDS: Final[Mapping[str, str]] = {body}\n"


if __name__ == "__main__":
    main()

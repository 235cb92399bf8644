"""Commission a model or another reader from files on disk: exams and truth in; calibration, record and report out.

Figures and verdicts are made in `readers.ai.commissioning`; here are the folders, the key and the order of work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from readers.ai import calibration_file
from readers.ai.calibration import Stratum
from readers.ai.commissioning.commission import Commissioned, Plan, commission
from readers.ai.commissioning.evidence import ExamEvidence
from readers.ai.commissioning.record import SIGNATURE_SUFFIX, SUFFIX, Record, document, sha256
from readers.ai.commissioning.report import report_of
from readers.ai.commissioning.report_html import to_html
from readers.ai.commissioning.signing import local_key, sign, trusted_keys
from readers.ai.commissioning.trust import Trust, record_path
from screening.app.commissioning_labels import ExamNames, Truth
from screening.app.commissioning_scores import NO_STRATUM, LocalScorer
from screening.app.output import writing
from screening.app.priors import BatchPriors
from screening.app.scoring import FilesInPlace
from screening.app.settings import Settings
from screening.domain.ai_read import AiIdentity
from screening.domain.errors import NotFound
from screening.domain.identifiers import PersonId, StudyInstanceUid
from screening.domain.study import Study

if TYPE_CHECKING:
    from models.cards import Reference

KEYS = "keys"
SCOPE = "commissioned on local exams"


@dataclass(frozen=True)
class Signer:
    """Who signs, in what role and on which day, with the key in which folder."""

    role: str
    on: date
    keys: Path


@dataclass(frozen=True)
class Written:
    """One stratum that was commissioned, the files it left, and what the reader's scores must be labelled with."""

    done: Commissioned
    files: tuple[Path, ...]
    label: str


def keys_folder(settings: Settings) -> Path:
    """Where this installation keeps its signing key and the public keys it trusts."""
    return settings.data_dir / KEYS


def trust(settings: Settings) -> Trust:
    """What this installation trusts: the records that ship, and those signed with a key in its folder."""
    return Trust(trusted_keys(keys_folder(settings)))


def exam_names(studies: Sequence[Study], place: FilesInPlace, root: Path) -> list[ExamNames]:
    """What each exam may be called in a table of truth; folders are told relative to `root`, or by their last name."""
    latest: dict[PersonId, date] = {}
    for woman, day in _dated(studies):
        latest[woman] = max(day, latest.get(woman, day))
    earlier = {study.study_instance_uid for study in studies for woman, day in _dated([study]) if day < latest[woman]}
    return [
        ExamNames(study.study_instance_uid, _names(study, place, root), study.study_instance_uid in earlier)
        for study in studies
    ]


def gather(
    scorer: LocalScorer,
    studies: Sequence[Study],
    truths: Mapping[StudyInstanceUid, Truth],
    advance: Callable[[], object],
) -> list[ExamEvidence]:
    """The evidence of every exam whose truth is known, compared with its prior as in use; `advance` follows each."""
    evidence, priors = [], BatchPriors(studies)
    for study in studies:
        if study.study_instance_uid in truths:
            evidence.append(scorer.score(study, truths[study.study_instance_uid], priors.latest(study)))
            advance()
    return evidence


def by_stratum(evidence: Sequence[ExamEvidence]) -> Iterator[tuple[Stratum, list[ExamEvidence]]]:
    """Strata in order of name, each with its exams; exams of several devices belong to none."""
    for stratum in sorted({exam.stratum for exam in evidence} - {NO_STRATUM}, key=str):
        yield stratum, [exam for exam in evidence if exam.stratum == stratum]


def commission_all(
    identity: AiIdentity,
    evidence: Sequence[ExamEvidence],
    plan: Plan,
    reference: Reference | None,
    signer: Signer,
    out: Path,
) -> list[Written]:
    """Commission every stratum and write what it leaves. Raises InvalidInput or StoreUnavailable."""
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        return [
            write(identity, commission(identity, stratum, exams, plan, reference), plan, signer, out)
            for stratum, exams in by_stratum(evidence)
        ]


def write(identity: AiIdentity, done: Commissioned, plan: Plan, signer: Signer, out: Path) -> Written:
    """Write calibration, report, record and signature of one stratum; the signature comes last and holds them all."""
    from readers.ai.commissioning.report_pdf import to_pdf

    name = done.calibration_id
    covered = list(calibration_file.write(done.calibration, out)) if done.calibration else []
    report = report_of(identity, done, _record(identity, done, signer, {}), plan.limits)
    for suffix, content in ((".report.html", to_html(report)), (".report.pdf", to_pdf(report))):
        covered.append(out / f"{name}{suffix}")
        covered[-1].write_bytes(content)
    record = _record(identity, done, signer, {path.name: sha256(path) for path in covered})
    content = document(identity, record, done.figures, plan.limits, done.method)
    told, signature = out / f"{name}{SUFFIX}", out / f"{name}{SIGNATURE_SUFFIX}"
    told.write_bytes(content)
    signature.write_text(sign(content, local_key(signer.keys)).to_json(), encoding="utf-8")
    return Written(done, (*covered, told, signature), identity.label)


def verify(path: Path, settings: Settings) -> Record:
    """The record that a file of a commissioning belongs to, once everything it covers matches.

    Raises NotFound without such a file, CommissioningUntrusted when anything differs.
    """
    if not path.is_file():
        raise NotFound(f"there is no file called {path.name}")
    return trust(settings).verified(record_path(path))


def _record(identity: AiIdentity, done: Commissioned, signer: Signer, files: Mapping[str, str]) -> Record:
    return Record(
        calibration_id=done.calibration_id,
        product=identity.product,
        weights_sha256=identity.weights_sha256,
        preprocessing_sha256=identity.preprocessing_sha256,
        stratum=done.stratum,
        on=signer.on,
        signed_by=signer.role,
        scope=SCOPE,
        verdict=done.verdict,
        files=files,
        scores=done.scores,
    )


def _dated(studies: Iterable[Study]) -> Iterator[tuple[PersonId, date]]:
    """Woman and day of the exams of which both are known."""
    for study in studies:
        woman, day = study.header.person, study.header.study_date
        if woman.value and day is not None:
            yield woman, day


def _names(study: Study, place: FilesInPlace, root: Path) -> dict[str, frozenset[str]]:
    folders = {place.path(image.digest).parent for image in study.images}
    inside = {folder.relative_to(root) for folder in folders if folder.is_relative_to(root)}
    uids = {study.study_instance_uid, *(image.study_instance_uid for image in study.images)}
    number = study.header.accession_number
    return {
        "study_instance_uid": frozenset(map(str, uids)),
        "accession_number": frozenset([number] if number else []),
        "folder": frozenset(
            name for folder in inside for name in (folder.as_posix(), folder.name) if name not in ("", ".")
        ),
    }

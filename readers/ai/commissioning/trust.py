"""Which commissioning counts: one whose every byte is vouched for, either by a trusted key or by this program itself.

What is absent, changed, signed by a stranger, or did not pass makes no reader.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from pathlib import Path

from readers.ai.calibration import Calibration, Standing
from readers.ai.calibration_file import OOD_SUFFIX
from readers.ai.commissioning import shipped
from readers.ai.commissioning.record import SIGNATURE_SUFFIX, SUFFIX, Record, parse
from readers.ai.commissioning.signing import Signature
from readers.ai.commissioning.verdict import Outcome
from screening.domain.errors import CommissioningUntrusted

_STANDINGS: Mapping[Outcome, Standing] = {
    Outcome.PASS: Standing.ACCEPTED,
    Outcome.FAIL: Standing.FAILED,
    Outcome.NOT_ENOUGH_EVIDENCE: Standing.NOT_ENOUGH_EVIDENCE,
}


@dataclass(frozen=True)
class Trust:
    """Trusted public keys (hex), and the SHA-256 of the records that ship with this program, by file name."""

    keys: Set[str] = frozenset()
    hashes: Mapping[str, str] = field(default_factory=lambda: shipped.RECORDS)

    def judged(self, calibration: Calibration, path: Path) -> Calibration:
        """The calibration read from `path`, with the standing its commissioning record gives it."""
        return replace(calibration, standing=self._standing(calibration, path))

    def verified(self, path: Path) -> Record:
        """The record in this file, once signature or hash, and every file it covers, match.

        Raises CommissioningUntrusted with what does not.
        """
        content = _bytes(path)
        self._check_origin(path, content)
        record = parse(content)
        for name, digest in record.files.items():
            covered = path.parent / name
            if Path(name).name != name or not covered.is_file():
                raise CommissioningUntrusted(f"{name}, which the record covers, is not there")
            if hashlib.sha256(_bytes(covered)).hexdigest() != digest:
                raise CommissioningUntrusted(f"{name} is not the file that was commissioned")
        return record

    def _check_origin(self, path: Path, content: bytes) -> None:
        if self.hashes.get(path.name) == hashlib.sha256(content).hexdigest():
            return
        signature = Signature.from_json(_bytes(signature_path(path)).decode("utf-8", "replace"))
        if signature.public_key not in self.keys:
            raise CommissioningUntrusted("the record is signed with a key that is not trusted here")
        if not signature.holds(content):
            raise CommissioningUntrusted("the signature is not one of this record")

    def _standing(self, calibration: Calibration, path: Path) -> Standing:
        beside = path.parent / f"{calibration.id}{SUFFIX}"
        if not beside.exists():
            return Standing.NOT_COMMISSIONED
        try:
            record = self.verified(beside)
        except CommissioningUntrusted:
            return Standing.UNVERIFIED
        return _STANDINGS[record.verdict.outcome] if _covers(record, calibration, path) else Standing.UNVERIFIED


def record_path(path: Path) -> Path:
    """The record that a calibration, a signature, a report or the record itself belongs to."""
    for suffix in (SUFFIX, SIGNATURE_SUFFIX, OOD_SUFFIX, ".report.html", ".report.pdf", ".toml"):
        if path.name.endswith(suffix):
            return path.with_name(path.name.removesuffix(suffix) + SUFFIX)
    return path


def signature_path(record: Path) -> Path:
    """Where the signature of a record lies."""
    return record.with_name(record.name.removesuffix(SUFFIX) + SIGNATURE_SUFFIX)


def _covers(record: Record, calibration: Calibration, path: Path) -> bool:
    """Whether the record is about this calibration, and about every file it is made of."""
    files = {path.name} | ({f"{calibration.id}{OOD_SUFFIX}"} if calibration.ood else set())
    ai = (record.product, record.weights_sha256, record.preprocessing_sha256)
    same = (record.calibration_id, ai, record.stratum) == (calibration.id, calibration.ai, calibration.stratum)
    return same and files <= set(record.files)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommissioningUntrusted(f"{path.name} cannot be read") from error

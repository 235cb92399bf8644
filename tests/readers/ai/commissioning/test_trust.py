"""A calibration makes a reader only while every byte of its commissioning is what was signed, by a trusted key."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from shutil import copytree

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from readers.ai.calibration import SHIPPED, Calibrations, Standing
from readers.ai.calibration_file import write as write_calibration
from readers.ai.commission import main as commission_shipped
from readers.ai.commissioning import shipped
from readers.ai.commissioning.signing import KEY_FILE, Signature, local_key, public_hex, sign, trusted_keys
from readers.ai.commissioning.trust import Trust
from readers.ai.commissioning.verdict import Outcome
from readers.ai.reader import NeuralReader
from screening.app.commissioning import Signer, commission_all
from screening.domain.ai_read import AiRead, AiStatus
from screening.domain.errors import CalibrationInvalid, CommissioningUntrusted
from screening.domain.quality import ReasonCode
from screening.domain.study import Slot
from tests.readers.ai.commissioning.exams import IDENTITY, evidence, plan
from tests.readers.ai.known_model import INFO, KnownEngine, KnownModel
from tests.readers.ai.studies import Pictures, image, study

HEX = replace(IDENTITY, weights_sha256="a" * 64, preprocessing_sha256="b" * 64)
MODEL_INFO = replace(INFO, weights_sha256="a" * 64, preprocessing_sha256="b" * 64)
DAY = date(2026, 1, 5)
KEY = Ed25519PrivateKey.generate()


def commission_into(folder: Path, cancers: int = 80, separation: float = 2.5) -> None:
    """Commission the known model on made-up exams, signed with the key in `folder`/keys."""
    exams = evidence(cancers=cancers, separation=separation)
    signer = Signer("medical physicist", DAY, folder / "keys")
    commission_all(HEX, exams, plan(local_ood=True), None, signer, folder / "out")


@pytest.fixture(scope="module")
def passed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a commissioning that passed, and its key."""
    folder = tmp_path_factory.mktemp("passed")
    commission_into(folder)
    return folder


@pytest.fixture
def copy(passed: Path, tmp_path: Path) -> Path:
    """The same, to be spoilt."""
    return copytree(passed, tmp_path / "copy")


def read_with(folder: Path, trusting: Path | None = None) -> AiRead:
    """What a reader with the calibrations in `folder`/out says of a complete exam."""
    trust = Trust(trusted_keys(trusting or folder / "keys"))
    calibrations = Calibrations.from_folders(folder / "out", trust=trust)
    reader = NeuralReader(KnownModel(KnownEngine(), MODEL_INFO), calibrations, seconds=lambda: 0.0)
    return reader.read(study(*(image(slot) for slot in Slot)), Pictures(), "unit-a")


def test_a_commissioned_model_reads(passed: Path) -> None:
    read = read_with(passed)
    assert (read.status, read.calibration_id) == (AiStatus.OK, "cal-local")
    assert read.exam_score is not None


@pytest.mark.parametrize(("cancers", "separation"), [(80, 0.0), (10, 4.0)])
def test_a_model_that_failed_or_lacks_evidence_does_not_read(tmp_path: Path, cancers: int, separation: float) -> None:
    commission_into(tmp_path, cancers, separation)
    read = read_with(tmp_path)
    assert (read.status, read.reasons) == (AiStatus.UNCALIBRATED, (ReasonCode.NOT_COMMISSIONED,))
    assert (read.exam_score, read.flagged) == (None, False)


def test_a_model_nobody_commissioned_does_not_read(copy: Path) -> None:
    (copy / "out" / "cal-local.commissioning.json").unlink()
    read = read_with(copy)
    assert (read.status, read.reasons) == (AiStatus.UNCALIBRATED, (ReasonCode.NOT_COMMISSIONED,))
    empty = Calibrations.from_folders(SHIPPED)
    reader = NeuralReader(KnownModel(KnownEngine(), MODEL_INFO), empty, seconds=lambda: 0.0)
    imported = reader.read(study(), Pictures(), "unit-a")
    assert (imported.status, imported.reasons) == (AiStatus.UNCALIBRATED, (ReasonCode.STRATUM_UNCALIBRATED,))


def test_a_signature_of_a_stranger_counts_for_nothing(passed: Path, tmp_path: Path) -> None:
    local_key(tmp_path / "keys")
    read = read_with(passed, trusting=tmp_path / "keys")
    assert (read.status, read.reasons) == (AiStatus.UNCALIBRATED, (ReasonCode.COMMISSIONING_UNVERIFIED,))


@pytest.mark.parametrize("gone", ["cal-local.commissioning.sig", "cal-local.report.html", "cal-local.report.pdf"])
def test_what_was_signed_must_be_there(copy: Path, gone: str) -> None:
    (copy / "out" / gone).unlink()
    assert read_with(copy).reasons == (ReasonCode.COMMISSIONING_UNVERIFIED,)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_is_noticed(passed: Path, data: st.DataObject) -> None:
    """Of record, signature, calibration, reports and local images; a broken calibration is refused outright."""
    folder = passed / "out"
    path = data.draw(st.sampled_from(sorted(p for p in folder.iterdir())))
    content = path.read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    changed = content[at] ^ data.draw(st.integers(1, 255))
    try:
        path.write_bytes(content[:at] + bytes([changed]) + content[at + 1 :])
        trust = Trust(trusted_keys(passed / "keys"))
        with pytest.raises(CommissioningUntrusted):
            trust.verified(folder / "cal-local.commissioning.json")
        try:
            (found,) = Calibrations.from_folders(folder, trust=trust).all
        except CalibrationInvalid:
            return
        assert found.standing in (Standing.UNVERIFIED, Standing.NOT_COMMISSIONED)
    finally:
        path.write_bytes(content)


def test_a_record_lends_itself_to_no_other_calibration(copy: Path) -> None:
    """The record and its signature under the name of a calibration that was never commissioned."""
    trust = Trust(trusted_keys(copy / "keys"))
    (made,) = Calibrations.from_folders(copy / "out", trust=trust).all
    other = replace(made, id="cal-other", valid_from=date(2027, 1, 1), flag_from=1, ood=None)
    write_calibration(other, copy / "out")
    for suffix in ("commissioning.json", "commissioning.sig"):
        (copy / "out" / f"cal-other.{suffix}").write_bytes((copy / "out" / f"cal-local.{suffix}").read_bytes())
    standings = {one.id: one.standing for one in Calibrations.from_folders(copy / "out", trust=trust).all}
    assert standings == {"cal-local": Standing.ACCEPTED, "cal-other": Standing.UNVERIFIED}


def test_the_key_is_for_its_owner_only_and_stays(tmp_path: Path) -> None:
    key = local_key(tmp_path)
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o077 == 0
    assert public_hex(local_key(tmp_path)) == public_hex(key)
    assert trusted_keys(tmp_path) == {public_hex(key)}


@pytest.mark.parametrize("content", ["", "not a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_file_that_is_no_key_is_not_replaced_by_a_new_one(tmp_path: Path, content: str) -> None:
    (tmp_path / KEY_FILE).write_text(content, encoding="utf-8")
    with pytest.raises(CommissioningUntrusted):
        local_key(tmp_path)
    (tmp_path / "other.pub").write_text("zz", encoding="utf-8")
    with pytest.raises(CommissioningUntrusted):
        trusted_keys(tmp_path)


@given(st.binary(max_size=200), st.data())
def test_a_signature_holds_for_its_bytes_only(content: bytes, data: st.DataObject) -> None:
    signature = sign(content, KEY)
    assert Signature.from_json(signature.to_json()).holds(content)
    other = data.draw(st.binary(max_size=200).filter(lambda other: other != content))
    assert not signature.holds(other)


def test_shipped_models_are_commissioned_on_phantoms_and_vouched_for_by_hash(tmp_path: Path) -> None:
    hashes = tmp_path / "shipped.py"
    known = commission_shipped(tmp_path, hashes, on=DAY)
    assert known
    assert all(digest in hashes.read_text(encoding="utf-8") for digest in known.values())
    found = Calibrations.from_folders(tmp_path, trust=Trust(hashes=known)).all
    assert {one.standing for one in found} <= {Standing.ACCEPTED, Standing.FAILED, Standing.NOT_ENOUGH_EVIDENCE}
    records = [Trust(hashes=known).verified(tmp_path / name) for name in known]
    assert {record.scope for record in records} == {"commissioned on phantoms only; says nothing about women"}
    assert {one.standing for one in Calibrations.from_folders(tmp_path, trust=Trust(hashes={})).all} == {
        Standing.UNVERIFIED
    }


def test_the_records_that_ship_are_those_the_program_knows() -> None:
    assert set(shipped.RECORDS) == {path.name for path in SHIPPED.glob("*.commissioning.json")}
    for name in shipped.RECORDS:
        assert Trust().verified(SHIPPED / name).verdict.outcome in set(Outcome) - {Outcome.NOT_JUDGED}


def test_a_key_that_cannot_be_read_is_a_coded_error(tmp_path: Path) -> None:
    (tmp_path / "unit-a.pub").mkdir()
    with pytest.raises(CommissioningUntrusted, match=r"unit-a\.pub"):
        trusted_keys(tmp_path)
    (tmp_path / KEY_FILE).mkdir()
    with pytest.raises(CommissioningUntrusted, match=KEY_FILE):
        local_key(tmp_path)

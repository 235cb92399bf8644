"""Backup and restore of a used installation: whole, verified, incremental, and never over anything."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from screening.app.backup import Backup, back_up, restore
from screening.app.settings import Settings
from screening.domain.errors import Conflict, InvalidInput, LedgerBroken, StoreUnavailable
from screening.store.engine import open_engine
from tests.e2e.cli import run, told
from tests.services import instances, make_service, open_plain_case


def used(folder: Path, url: str = "") -> Settings:
    """An installation with one case and two files."""
    service = make_service(folder, database_url=url)
    open_plain_case(service)
    for number in range(2):
        source = folder / f"{number}.bin"
        source.write_bytes(bytes([number]) * 1000)
        service.files.take(source)
    service.close()
    return Settings(data_dir=folder, database_url=url)


@pytest.fixture
def installation(tmp_path: Path) -> Settings:
    return used(tmp_path / "data")


def elsewhere(settings: Settings, folder: Path) -> Settings:
    return settings.model_copy(update={"data_dir": folder})


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("files/sha256/??/??/*")}


def test_what_was_backed_up_comes_back_byte_by_byte_with_its_ledger(installation: Settings, tmp_path: Path) -> None:
    made = back_up(installation, tmp_path / "backup")
    assert (made.files, made.copied) == (2, 2)
    came = restore(elsewhere(installation, tmp_path / "restored"), tmp_path / "backup")
    assert came.ledger == made.ledger
    assert made.ledger.sequence > 0
    assert files_of(tmp_path / "restored") == files_of(installation.data_dir)
    cases = told(tmp_path / "restored", "worklist")
    assert cases == told(installation.data_dir, "worklist")
    assert len(cases) == 1


def test_signing_keys_and_the_secret_of_pseudonyms_come_back_for_their_owner_only(
    installation: Settings, tmp_path: Path
) -> None:
    (installation.data_dir / "keys").mkdir()
    (installation.data_dir / "keys" / "signing.pem").write_text("key")
    (installation.data_dir / "research-secret").write_bytes(b"secret")
    back_up(installation, tmp_path / "backup")
    restore(elsewhere(installation, tmp_path / "restored"), tmp_path / "backup")
    for name, content in (("keys/signing.pem", b"key"), ("research-secret", b"secret")):
        path = tmp_path / "restored" / name
        assert (path.read_bytes(), path.stat().st_mode & 0o077) == (content, 0)


def test_a_second_backup_copies_only_what_is_new_and_the_first_stays(installation: Settings, tmp_path: Path) -> None:
    out = tmp_path / "backup"
    first = back_up(installation, out)
    service = make_service(installation.data_dir)
    open_plain_case(service, "1.2.840.2", "ACC2")
    (tmp_path / "new.bin").write_bytes(b"new")
    service.files.take(tmp_path / "new.bin")
    service.close()
    second = back_up(installation, out)
    assert (second.files, second.copied) == (3, 1)
    restore(elsewhere(installation, tmp_path / "before"), first.snapshot)
    restore(elsewhere(installation, tmp_path / "after"), out)
    assert [len(told(tmp_path / name, "worklist")) for name in ("before", "after")] == [1, 2]
    assert len(files_of(tmp_path / "before")) == 2


def test_files_are_shared_on_the_same_disk_where_that_is_asked_for(installation: Settings, tmp_path: Path) -> None:
    back_up(installation, tmp_path / "backup", link=True)
    (digest, *_rest) = files_of(installation.data_dir)
    place = f"files/sha256/{digest[:2]}/{digest[2:4]}/{digest}"
    assert (tmp_path / "backup" / place).samefile(installation.data_dir / place)


def test_the_list_of_files_is_one_that_sha256sum_checks(installation: Settings, tmp_path: Path) -> None:
    made = back_up(installation, tmp_path / "backup")
    checked = subprocess.run(["sha256sum", "-c", "files.sha256"], cwd=made.snapshot, capture_output=True, check=False)
    assert checked.returncode == 0


def test_nothing_is_ever_overwritten(installation: Settings, tmp_path: Path) -> None:
    with pytest.raises(Conflict):
        back_up(installation, installation.data_dir)
    back_up(installation, tmp_path / "backup")
    with pytest.raises(Conflict):
        restore(installation, tmp_path / "backup")
    assert len(told(installation.data_dir, "worklist")) == 1


def damage(path: Path) -> None:
    path.chmod(0o640)
    path.write_bytes(path.read_bytes()[:-1] + b"!")


@pytest.mark.parametrize("part", ["secondread.db", "files.sha256", "file", "manifest.json", "missing"])
def test_a_damaged_backup_is_told_and_leaves_nothing_behind(installation: Settings, tmp_path: Path, part: str) -> None:
    made = back_up(installation, tmp_path / "backup")
    stored = next((tmp_path / "backup" / "files").glob("sha256/??/??/*"))
    match part:
        case "file":
            damage(stored)
        case "missing":
            stored.unlink()
        case _:
            damage(made.snapshot / part)
    with pytest.raises(InvalidInput):
        restore(elsewhere(installation, tmp_path / "restored"), tmp_path / "backup")
    assert not (tmp_path / "restored").exists()


def test_a_ledger_that_ends_elsewhere_than_the_manifest_says_is_told(installation: Settings, tmp_path: Path) -> None:
    made = back_up(installation, tmp_path / "backup")
    manifest = json.loads((made.snapshot / "manifest.json").read_text())
    manifest["ledger"]["hash"] = "f" * 64
    (made.snapshot / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "restored").mkdir()
    with pytest.raises(LedgerBroken):
        restore(elsewhere(installation, tmp_path / "restored"), tmp_path / "backup")
    assert list((tmp_path / "restored").iterdir()) == []


def test_a_damaged_store_is_not_backed_up_as_if_it_were_whole(installation: Settings, tmp_path: Path) -> None:
    damage(next((installation.data_dir / "files").glob("sha256/??/??/*")))
    for link in (False, True):
        with pytest.raises(StoreUnavailable):
            back_up(installation, tmp_path / "backup", link=link)
    assert not list((tmp_path / "backup" / "snapshots").iterdir())


def test_a_backup_is_taken_while_somebody_writes(installation: Settings, tmp_path: Path) -> None:
    service = make_service(installation.data_dir)
    with service.units() as uow:
        for instance in instances("1.2.840.5", "ACC5"):
            uow.exams.register(instance, service.clock.now())
        made = back_up(installation, tmp_path / "backup")
    service.close()
    restore(elsewhere(installation, tmp_path / "restored"), made.snapshot)
    assert len(told(tmp_path / "restored", "worklist")) == 1


def test_from_the_command_line(installation: Settings, tmp_path: Path) -> None:
    out = str(tmp_path / "backup")
    assert told(installation.data_dir, "backup", out)["copied"] == 2
    assert told(tmp_path / "restored", "restore", out)["files"] == 2
    refused = run(tmp_path / "restored", "restore", out)
    assert isinstance(refused.exception, Conflict)
    nothing = run(tmp_path / "other", "restore", str(tmp_path / "restored"))
    assert isinstance(nothing.exception, InvalidInput)


@pytest.fixture
def with_tools(pg_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A PostgreSQL database, and its client programs on the path."""
    if shutil.which("pg_dump") is None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"))
        if not found:
            pytest.skip("pg_dump is not installed")
        monkeypatch.setenv("PATH", f"{found[-1].parent}:/usr/bin:/bin")
    return pg_url


@pytest.mark.slow
def test_postgresql_comes_back_through_its_own_tools(with_tools: str, tmp_path: Path) -> None:
    settings = used(tmp_path / "data", with_tools)
    made = back_up(settings, tmp_path / "backup")
    with pytest.raises(Conflict):  # the database is not empty
        restore(elsewhere(settings, tmp_path / "restored"), tmp_path / "backup")
    engine = open_engine(with_tools)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("DROP SCHEMA dbos CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    came = restore(elsewhere(settings, tmp_path / "restored"), tmp_path / "backup")
    assert came.ledger == made.ledger
    assert len(told(tmp_path / "restored", "worklist", url=with_tools)) == 1


def test_without_its_tools_postgresql_is_not_backed_up_and_the_message_says_so(
    pg_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = used(tmp_path / "data", pg_url)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(StoreUnavailable, match="pg_dump is not installed"):
        back_up(settings, tmp_path / "backup")


def test_a_backup_of_another_kind_of_database_is_refused(installation: Settings, tmp_path: Path, pg_url: str) -> None:
    made: Backup = back_up(installation, tmp_path / "backup")
    other = Settings(data_dir=tmp_path / "restored", database_url=pg_url)
    with pytest.raises(InvalidInput, match="another kind"):
        restore(other, made.snapshot)

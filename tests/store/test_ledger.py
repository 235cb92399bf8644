"""Whatever is done to the rows behind the service's back, verifying the ledger names the first broken link."""

from __future__ import annotations

from threading import Thread

import pytest
from sqlalchemy import Engine

from screening.domain import events as ev
from screening.domain.errors import LedgerBroken
from screening.domain.identifiers import CaseId
from screening.store.uow import SqlUnits
from screening.workflow.ports import LedgerHead
from tests.store.samples import CASE, NOW, open_case, opening, report


def tamper(engine: Engine, *statements: str) -> None:
    """Change rows as somebody with the database's password could: triggers off first."""
    lite = engine.dialect.name == "sqlite"
    with engine.begin() as connection:
        for table in ("case_events", "ledger"):
            off = [f"DROP TRIGGER IF EXISTS {table}_no_update", f"DROP TRIGGER IF EXISTS {table}_no_delete"]
            for statement in off if lite else [f"ALTER TABLE {table} DISABLE TRIGGER ALL"]:
                connection.exec_driver_sql(statement)
        for statement in statements:
            connection.exec_driver_sql(statement)


@pytest.fixture
def history(units: SqlUnits) -> LedgerHead:
    """Five links: an opened case, a report, two late arrivals."""
    open_case(units)
    with units() as uow:
        uow.reports.save(report())
        uow.cases.append(CASE, 2, "pacs", NOW, [ev.LateImagesReceived(1), ev.LateImagesReceived(2)])
        return uow.ledger.head()


def test_an_untouched_ledger_verifies_and_says_where_it_ends(units: SqlUnits, history: LedgerHead) -> None:
    with units() as uow:
        assert uow.ledger.verify() == history
        assert uow.ledger.verify(expected=history) == history
        assert history.sequence == 5


@pytest.mark.parametrize(
    ("statements", "complaint"),
    [
        (["UPDATE ledger SET actor = 'nobody' WHERE sequence = 2"], "link 2 does not fit"),
        (["UPDATE ledger SET hash = previous WHERE sequence = 5"], "link 5 does not fit"),
        (["DELETE FROM ledger WHERE sequence = 3"], "link 3 is missing"),
        (["DELETE FROM ledger WHERE sequence = 1"], "link 1 is missing"),
        (
            [
                "UPDATE ledger SET sequence = 99 WHERE sequence = 2",
                "UPDATE ledger SET sequence = 2 WHERE sequence = 3",
                "UPDATE ledger SET sequence = 3 WHERE sequence = 99",
            ],
            "link 2 does not fit",
        ),
        (
            [
                "INSERT INTO ledger SELECT 6, at, actor, what, subject, payload_sha256, hash, hash"
                " FROM ledger WHERE sequence = 5"
            ],
            "link 6 does not fit",
        ),
        (["UPDATE case_events SET document = '{\"count\":7}' WHERE sequence = 3"], "event case-1#3 does not match"),
        (["UPDATE case_events SET actor = 'nobody' WHERE sequence = 2"], "event case-1#2 does not match"),
        (["DELETE FROM case_events WHERE sequence = 3"], "link 4 has lost its event case-1#3"),
        (["DELETE FROM case_events WHERE sequence = 4"], "link 5 has lost its event case-1#4"),
        (
            [
                "INSERT INTO case_events SELECT case_id, 5, at, actor, kind, document, 77"
                " FROM case_events WHERE sequence = 4"
            ],
            "event case-1#5 is not in the ledger",
        ),
        (
            [
                "UPDATE case_events SET sequence = 99 WHERE sequence = 3",
                "UPDATE case_events SET sequence = 3 WHERE sequence = 4",
                "UPDATE case_events SET sequence = 4 WHERE sequence = 99",
            ],
            "event case-1#4 does not match",
        ),
    ],
)
@pytest.mark.usefixtures("history")
def test_tampering_is_found(units: SqlUnits, engine: Engine, statements: list[str], complaint: str) -> None:
    tamper(engine, *statements)
    with units() as uow, pytest.raises(LedgerBroken, match=complaint):
        uow.ledger.verify()


def test_cutting_off_the_end_shows_against_an_end_noted_before(
    units: SqlUnits, engine: Engine, history: LedgerHead
) -> None:
    tamper(engine, "DELETE FROM case_events WHERE sequence = 4", "DELETE FROM ledger WHERE sequence = 5")
    with units() as uow:
        assert uow.ledger.verify().sequence == 4
        with pytest.raises(LedgerBroken, match="noted before"):
            uow.ledger.verify(expected=history)


def test_concurrent_writers_make_one_unbroken_chain(units: SqlUnits) -> None:
    open_case(units)
    failures = list[BaseException]()

    def write(worker: int) -> None:
        try:
            for number in range(5):
                with units() as uow:
                    uow.cases.append(CaseId(f"case-{worker}-{number}"), 0, f"worker-{worker}", NOW, opening())
        except Exception as error:  # noqa: BLE001  # reported by the assertion below
            failures.append(error)

    threads = [Thread(target=write, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with units() as uow:
        assert uow.ledger.verify().sequence == 2 + 4 * 5 * 2

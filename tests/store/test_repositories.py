"""AI reads, reports and policies: kept whole, saved twice without harm, never replaced by other content."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from screening.domain import errors
from screening.domain.identifiers import CaseId, StudyInstanceUid
from screening.domain.policy import Policy
from screening.store.engine import open_engine
from screening.store.uow import SqlUnits
from screening.workflow.policies import DEFAULT_POLICY, policy_json, shipped_policies
from tests.store.samples import CASE, NOW, STUDY, WOMAN, ai_read, other_spelling, policy, report


def test_an_ai_read_is_kept_whole_and_the_first_of_a_run_stands(units: SqlUnits) -> None:
    with units() as uow:
        uow.ai_reads.save("run-1", CASE, ai_read(), NOW)
        uow.ai_reads.save("run-1", CASE, ai_read(density=None), NOW)
    with units() as uow:
        assert uow.ai_reads.get("run-1") == ai_read()
        with pytest.raises(errors.NotFound):
            uow.ai_reads.get("run-2")


def test_the_latest_run_of_a_study_is_the_one_saved_last(units: SqlUnits) -> None:
    with units() as uow:
        assert uow.ai_reads.latest(STUDY) is None
        uow.ai_reads.save("run-2", None, ai_read(), NOW + timedelta(hours=1))
        uow.ai_reads.save("run-1", None, ai_read(density=None), NOW)
        assert uow.ai_reads.latest(STUDY) == ("run-1", ai_read(density=None))
        assert uow.ai_reads.latest(StudyInstanceUid("9.9")) is None


def test_every_version_of_a_report_is_kept_and_the_newest_is_read(units: SqlUnits) -> None:
    with units() as uow:
        assert uow.reports.latest(CASE) is None
        uow.reports.save(report(1))
        uow.reports.save(report(2, "Corrected"))
        uow.reports.save(report(1))
    with units() as uow:
        assert uow.reports.latest(CASE) == report(2, "Corrected")
        assert uow.reports.latest(CaseId("other")) is None
        assert uow.ledger.verify().sequence == 2


@pytest.mark.parametrize(
    "changed", [report(1, "Other content"), replace(report(1), participant=other_spelling())], ids=["content", "woman"]
)
def test_a_version_is_never_replaced(units: SqlUnits, changed: object) -> None:
    assert isinstance(changed, type(report()))
    with units() as uow:
        uow.reports.save(report(1))
    with units() as uow, pytest.raises(errors.Conflict):
        uow.reports.save(changed)


def test_identity_is_in_the_tables_of_people_only(units: SqlUnits, engine: Engine) -> None:
    with units() as uow:
        uow.reports.save(report())
    with engine.begin() as connection:
        (document,) = connection.execute(text("SELECT document FROM reports")).scalars()
        (family,) = connection.execute(text("SELECT family FROM participants")).scalars()
    assert family == WOMAN.family
    for secret in (WOMAN.family, WOMAN.given, WOMAN.birth_date, WOMAN.person.value):
        assert secret not in document


@pytest.mark.parametrize("policy_id", sorted(shipped_policies()))
def test_every_shipped_policy_comes_back_as_it_was(units: SqlUnits, policy_id: str) -> None:
    shipped = shipped_policies()[policy_id]
    with units() as uow:
        uow.policies.save(shipped, policy_json(policy_id))
        uow.policies.save(shipped, policy_json(policy_id))
    with units() as uow:
        assert uow.policies.get(shipped.id, shipped.version) == shipped


def test_a_policy_version_keeps_its_content(units: SqlUnits) -> None:
    document = {**json.loads(policy_json(DEFAULT_POLICY)), "title": "Another title"}
    with units() as uow:
        uow.policies.save(policy(), policy_json(DEFAULT_POLICY))
        with pytest.raises(errors.Conflict):
            uow.policies.save(Policy.from_document(document), json.dumps(document))
        with pytest.raises(errors.Conflict):
            uow.policies.save(policy(), json.dumps(document))
        with pytest.raises(errors.PolicyNotFound):
            uow.policies.get(policy().id, "99")


def test_a_database_that_cannot_be_reached_is_reported_as_such() -> None:
    engine = open_engine("postgresql://nobody@127.0.0.1:1/none")
    units = SqlUnits(engine)

    def look() -> None:
        with units() as uow:
            uow.exams.studies()

    with pytest.raises(errors.StoreUnavailable):
        look()
    engine.dispose()


def test_a_committed_unit_is_seen_by_the_next_and_an_open_one_is_not(units: SqlUnits) -> None:
    with units() as uow:
        uow.ai_reads.save("run-1", None, ai_read(), NOW)
        assert uow.ai_reads.get("run-1") == ai_read()
    with units() as uow:
        assert uow.ai_reads.get("run-1") == ai_read()

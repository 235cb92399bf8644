"""The service's own self-test exams are nobody's work, no statistics and no prior, whatever else is stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from screening.app.compose import Service
from screening.domain.delivery import Destination
from screening.domain.events import Author
from screening.domain.identifiers import CaseId, Participant, ReaderId, StudyInstanceUid
from screening.domain.selftest import SELFTEST
from screening.store.catalogue import SqlCatalogue
from screening.workflow.catalogue_ports import CatalogueQuery
from screening.workflow.deliver_results import plan_deliveries
from screening.workflow.open_case import open_case
from screening.workflow.worklist import reader_worklist
from tests.services import instances, make_service, open_plain_case

WOMAN, OWN, EARLIER = "1.2.840.1", "1.2.840.7", "1.2.840.6"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = make_service(tmp_path)
    yield made
    made.close()


def open_own_case(service: Service, study: str = OWN, accession: str = "S1", day: date = date(2026, 1, 5)) -> CaseId:
    with service.units() as uow:
        for instance in instances(study, accession):
            nobody = replace(instance.header, participant=Participant(SELFTEST), study_date=day)
            uow.exams.register(replace(instance, header=nobody), service.clock.now())
        case = open_case(uow, StudyInstanceUid(study), service.policy, "", service.clock.now())
    assert case is not None
    return case


def test_no_worklist_names_a_self_test(service: Service) -> None:
    woman, own = open_plain_case(service, WOMAN), open_own_case(service)
    with service.units() as uow:
        assert [line.case for line in uow.cases.list()] == [woman]
        listed = reader_worklist(uow, service.clock, Author(ReaderId("anne"), "BIG1"))
        assert [line.case for line in listed] == [woman]
        assert uow.cases.of_study(StudyInstanceUid(OWN)) == own


def test_audits_count_no_self_test(service: Service) -> None:
    woman = open_plain_case(service, WOMAN)
    open_own_case(service)
    with service.units() as uow:
        assert [row.case for row in uow.audit.episode_rows()] == [woman]


def test_a_self_test_has_no_prior_and_is_none(service: Service) -> None:
    open_own_case(service, EARLIER, "S0", date(2026, 1, 4))
    open_own_case(service)
    with service.units() as uow:
        assert uow.exams.latest_prior(uow.exams.study(StudyInstanceUid(OWN))) is None


def test_dicomweb_finds_no_self_test(service: Service) -> None:
    open_plain_case(service, WOMAN)
    open_own_case(service)
    catalogue = SqlCatalogue(service._engine)
    found = catalogue.studies(CatalogueQuery(matches=(), limit=10, offset=0))
    assert [study.header.study_instance_uid for study in found] == [WOMAN]
    assert catalogue.located(OWN) == []


def test_nothing_of_a_self_test_is_delivered(service: Service) -> None:
    anywhere = [Destination("pacs", title="PACS", host="127.0.0.1", port=104)]
    own = open_own_case(service)
    with service.units() as uow:
        assert plan_deliveries(uow, service.clock, StudyInstanceUid(OWN), own, anywhere) == 0
        assert uow.deliveries.of_case(own) == []

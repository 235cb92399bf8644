"""Services for tests: a real store in a temporary folder, a played clock, counted ids, made-up exams."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path

from screening.app.compose import Service
from screening.app.demo.clock import CountedIds, PlayedClock
from screening.app.settings import Settings
from screening.domain import identifiers as ids
from screening.domain.identifiers import CaseId
from screening.domain.study import Device, Image, ImageKind, Slot, StudyHeader
from screening.workflow.open_case import open_case
from screening.workflow.ports import ReadInstance

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
FAMILY, GIVEN, BIRTH_DATE, PATIENT_ID = "Vandersynthetic", "Wilhelmina", "1961-04-17", "SYN-987654321"
"""A made-up woman whose particulars must turn up nowhere they do not belong."""


def make_service(folder: Path, policy: str = "double-human", database_url: str = "") -> Service:
    """A service on its own store."""
    settings = Settings(data_dir=folder, policy=policy, database_url=database_url, site="unit-a")
    return Service(settings, PlayedClock(START), CountedIds())


def header(study: str = "1.2.840.1", accession: str = "ACC1") -> StudyHeader:
    """The made-up woman's examination."""
    person = ids.PersonId("TEST", PATIENT_ID)
    woman = ids.Participant(person, FAMILY, GIVEN, BIRTH_DATE)
    return StudyHeader(ids.StudyInstanceUid(study), woman, accession, date(2026, 1, 5), institution="unit-a")


def instances(study: str = "1.2.840.1", accession: str = "ACC1") -> list[ReadInstance]:
    """Four standard views as they would be described, without pixels."""
    return [ReadInstance(header(study, accession), _image(study, number, slot)) for number, slot in enumerate(Slot, 1)]


def open_plain_case(service: Service, study: str = "1.2.840.1", accession: str = "ACC1") -> CaseId:
    """Register the four views and open their case."""
    with service.units() as uow:
        for instance in instances(study, accession):
            uow.exams.register(instance, service.clock.now())
        case = open_case(uow, ids.StudyInstanceUid(study), service.policy, "unit-a", service.clock.now())
    assert case is not None
    return case


def _image(study: str, number: int, slot: Slot) -> Image:
    return Image(
        sop_instance_uid=ids.SopInstanceUid(f"{study}.{number}"),
        series_instance_uid=ids.SeriesInstanceUid(f"{study}.9"),
        study_instance_uid=ids.StudyInstanceUid(study),
        sop_class_uid="1.2.840.10008.5.1.4.1.1.1.2",
        digest=ids.FileDigest(hashlib.sha256(f"{study}.{number}".encode()).hexdigest()),
        kind=ImageKind.FFDM,
        laterality=slot.laterality,
        view=slot.view,
        modifiers=frozenset(),
        rows=640,
        columns=512,
        frames=1,
        bits_stored=12,
        row_spacing_mm=0.3,
        column_spacing_mm=0.3,
        device=Device("Maker", "Model", "1.0"),
        acquired_at=START,
    )

"""Asking an archive (PS3.4 Annex C): which earlier studies of a woman it has, and to send one to us."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from pydicom.dataset import Dataset
from pydicom.valuerep import DA
from pynetdicom import build_context

from screening.dicom.elements import text, texts
from screening.dicom.network.caller import Station, associated
from screening.dicom.status import SUCCESS
from screening.domain.errors import PartnerRefused, PartnerUnreachable
from screening.domain.identifiers import PersonId, StudyInstanceUid

STUDY_FIND: Final = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_MOVE: Final = "1.2.840.10008.5.1.4.1.2.2.2"
_PENDING: Final = frozenset({0xFF00, 0xFF01})
_SOME_FAILED: Final = 0xB000


@dataclass(frozen=True)
class FoundStudy:
    """A study that an archive has."""

    study: StudyInstanceUid
    study_date: date


def earlier_studies(station: Station, person: PersonId, before: date) -> list[FoundStudy]:
    """Mammography studies of this woman before a day (C-FIND), the latest first.

    One whose issuer of the patient id is stated and differs is another woman. Raises PartnerUnreachable or
    PartnerRefused.
    """
    with associated(station, [build_context(STUDY_FIND)]) as association:
        answers = list(_answers(association.send_c_find(_asked(person, before), STUDY_FIND)))
    found = [study for study in map(_study, answers) if study is not None and study.study_date < before]
    hers = {_key(answer) for answer in answers if _is_hers(answer, person)}
    return sorted((study for study in found if study.study in hers), key=lambda study: study.study_date, reverse=True)


def send_to_us(station: Station, study: StudyInstanceUid) -> int:
    """Have the archive send a study to us (C-MOVE to our AE title); returns how many objects came.

    Raises PartnerUnreachable or PartnerRefused, also when only some of the objects came.
    """
    identifier = Dataset()
    identifier.QueryRetrieveLevel, identifier.StudyInstanceUID = "STUDY", study
    completed = 0
    with associated(station, [build_context(STUDY_MOVE)]) as association:
        for answer, _identifier in association.send_c_move(identifier, station.calling, STUDY_MOVE):
            code = _code(answer, "C-MOVE")
            completed = int(answer.get("NumberOfCompletedSuboperations") or completed)
            if code not in _PENDING and code != SUCCESS.code:
                raise PartnerRefused(f"the archive answered C-MOVE with status {code:04X}")
    return completed


def _asked(person: PersonId, before: date) -> Dataset:
    """The identifier of the question (PS3.4 C.6.1): keys to match, and empty ones to be told."""
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "STUDY"
    identifier.PatientID, identifier.IssuerOfPatientID = person.value, ""
    identifier.StudyDate = f"-{DA(before - timedelta(days=1)).strftime('%Y%m%d')}"
    identifier.ModalitiesInStudy, identifier.StudyInstanceUID = "MG", ""
    return identifier


def _answers(responses: Iterator[tuple[Dataset, Dataset | None]]) -> Iterator[Dataset]:
    for answer, identifier in responses:
        code = _code(answer, "C-FIND")
        if code in _PENDING and identifier is not None:
            yield identifier
        elif code not in _PENDING and code != SUCCESS.code:
            raise PartnerRefused(f"the archive answered C-FIND with status {code:04X}")


def _code(answer: Dataset, what: str) -> int:
    if "Status" not in answer:
        raise PartnerUnreachable(f"the archive broke off during {what}")
    return int(answer.Status)


def _study(answer: Dataset) -> FoundStudy | None:
    """The study of an answer; None where it says no day or not that it is mammography."""
    day = _day(text(answer, "StudyDate"))
    modalities = texts(answer, "ModalitiesInStudy")
    if day is None or (modalities and "MG" not in modalities):
        return None
    return FoundStudy(_key(answer), day)


def _key(answer: Dataset) -> StudyInstanceUid:
    return StudyInstanceUid(text(answer, "StudyInstanceUID"))


def _is_hers(answer: Dataset, person: PersonId) -> bool:
    issuer = text(answer, "IssuerOfPatientID")
    return text(answer, "PatientID") == person.value and (not issuer or not person.issuer or issuer == person.issuer)


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None

"""What must not be found: everything that the store and the object itself say of the woman, staff and places.

The last line of defence: attributes that stay are searched for these. Names are compared as whole words, so that Mary
does not strike out PRIMARY; identifiers, dates and UIDs wherever they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Final

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset

from screening.dicom.deidentify.table import DEVICE_IDENTITY, KEPT_UIDS
from screening.dicom.deidentify.values import is_registered, texts_of

LEAST_LETTERS: Final = 3
LEAST_IN_CODES: Final = 5
LEAST_IN_NUMBERS: Final = 6
"""Shorter words are not looked for in text, code strings and numbers: they would strike out what resembles them."""

_IDENTIFIERS: Final = frozenset(
    {
        *("AccessionNumber", "AdmissionID", "FillerOrderNumberImagingServiceRequest", "InstitutionAddress"),
        *("InstitutionName", "InstitutionalDepartmentName", "MedicalRecordLocator"),
        *("OtherPatientIDs", "PatientAddress", "PatientID", "PatientTelephoneNumbers", "PerformedProcedureStepID"),
        *("PlacerOrderNumberImagingServiceRequest", "RequestedProcedureID", "RequestingService"),
        *(
            "ResponsibleOrganization",
            "ScheduledProcedureStepID",
            "ServiceEpisodeID",
            "StudyID",
            "VerifyingOrganization",
        ),
    }
)
_PUBLIC_UIDS: Final = KEPT_UIDS | DEVICE_IDENTITY
_NAME_PARTS: Final = re.compile(r"[\^=\s]+")
_SEPARATED: Final = re.compile(r"^(\d{4})-(\d{2})-(\d{2})$")


class Identity:
    """Words and numbers that may not stay in any value."""

    def __init__(self, known: Iterable[str]) -> None:
        self._words = {word for value in known for word in _words(value)}

    @classmethod
    def of(cls, dataset: Dataset, known: Iterable[str] = ()) -> Identity:
        """The identity that the store knows of, with what the object itself states anywhere."""
        return cls([*known, *_stated(dataset)])

    def found_in(self, text: str, vr: str = "LO") -> bool:
        """Whether a value of this VR holds any of it."""
        if vr == "CS":
            return text.casefold() in self._in_codes
        if vr in ("DS", "IS"):
            return text.strip().casefold() in self._in_numbers
        return self._pattern is not None and self._pattern.search(text.casefold()) is not None

    @cached_property
    def _in_codes(self) -> frozenset[str]:
        return frozenset(word for word in self._words if len(word) >= LEAST_IN_CODES)

    @cached_property
    def _in_numbers(self) -> frozenset[str]:
        return frozenset(word for word in self._words if len(word) >= LEAST_IN_NUMBERS)

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        anywhere = sorted(word for word in self._words if _is_number(word))
        alone = sorted(word for word in self._words if not _is_number(word))
        parts = [re.escape(word) for word in anywhere]
        parts += [rf"(?<!\w){re.escape(word)}(?!\w)" for word in alone]
        return re.compile("|".join(parts)) if parts else None


def _is_number(word: str) -> bool:
    """Whether it is an identifier, a date or a UID rather than a word."""
    return len(word) >= LEAST_IN_NUMBERS and any(sign.isdigit() for sign in word)


def _words(value: str) -> Iterator[str]:
    """The value, its parts when it is a name, and the digits of a date."""
    found = {value.strip(), _SEPARATED.sub(r"\1\2\3", value.strip())}
    if "^" in value or "=" in value:
        found |= set(_NAME_PARTS.split(value))
    yield from (word.casefold() for word in found if len(word) >= LEAST_LETTERS)


def _stated(dataset: Dataset) -> Iterator[str]:
    for vr, tag, value in texts_of(dataset):
        keyword = keyword_for_tag(tag)
        if vr == "PN":
            yield f"{value}^"
        elif keyword in _IDENTIFIERS:
            yield value
        elif vr in ("DA", "DT") and len(value) >= 8 and value[:8].isdigit():
            yield value[:8]
        elif vr == "UI" and keyword not in _PUBLIC_UIDS and not is_registered(value):
            yield value

"""Query parameters of a search (QIDO-RS, PS3.18 8.3.4, 10.6.1.2) as a query of the catalogue.

Strict: what is not understood is refused, because a search that ignores a condition answers with the wrong women.
Messages name attributes and never values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum, auto
from typing import Final

from pydicom.datadict import keyword_for_tag, tag_for_keyword

from screening.dicom.attributes import parse_date
from screening.dicom.web.answers import INSTANCE_EXTRAS, SERIES_EXTRAS, STUDY_EXTRAS, Included
from screening.domain.errors import InvalidInput
from screening.workflow.catalogue_ports import CatalogueQuery, Condition, Days, Key, Match, OneOf, Times, Wildcard

MOST: Final = 500
"""Results of one answer; the rest is asked for by `offset`."""

NOT_FUZZY: Final = "The fuzzymatching parameter is not supported. Only literal matching has been performed."

_MAX_NUMBER: Final = (1 << 31) - 1
_UID: Final = re.compile(r"[0-9A-Za-z.\-_]{1,64}")
_NUMBER: Final = re.compile(r"[+-]?\d{1,10}", re.ASCII)
_TIME: Final = re.compile(r"(\d{2}(?:\d{2}(?:\d{2})?)?)(?:\.\d{1,6})?", re.ASCII)
_TAG: Final = re.compile(r"[0-9A-Fa-f]{8}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class Level(IntEnum):
    """What is searched for."""

    STUDY = 1
    SERIES = 2
    INSTANCE = 3


class _Kind(Enum):
    TEXT = auto()
    NAME = auto()
    CODE = auto()
    UID = auto()
    DATE = auto()
    TIME = auto()
    NUMBER = auto()


_KINDS: Final[dict[Key, tuple[Level, _Kind]]] = {
    Key.STUDY_DATE: (Level.STUDY, _Kind.DATE),
    Key.STUDY_TIME: (Level.STUDY, _Kind.TIME),
    Key.ACCESSION_NUMBER: (Level.STUDY, _Kind.TEXT),
    Key.MODALITIES_IN_STUDY: (Level.STUDY, _Kind.CODE),
    Key.REFERRING_PHYSICIAN: (Level.STUDY, _Kind.NAME),
    Key.PATIENT_NAME: (Level.STUDY, _Kind.NAME),
    Key.PATIENT_ID: (Level.STUDY, _Kind.TEXT),
    Key.ISSUER: (Level.STUDY, _Kind.TEXT),
    Key.STUDY_UID: (Level.STUDY, _Kind.UID),
    Key.STUDY_ID: (Level.STUDY, _Kind.TEXT),
    Key.MODALITY: (Level.SERIES, _Kind.CODE),
    Key.SERIES_UID: (Level.SERIES, _Kind.UID),
    Key.SERIES_NUMBER: (Level.SERIES, _Kind.NUMBER),
    Key.PERFORMED_DATE: (Level.SERIES, _Kind.DATE),
    Key.PERFORMED_TIME: (Level.SERIES, _Kind.TIME),
    Key.SCHEDULED_STEP: (Level.SERIES, _Kind.TEXT),
    Key.REQUESTED_PROCEDURE: (Level.SERIES, _Kind.TEXT),
    Key.SOP_CLASS: (Level.INSTANCE, _Kind.UID),
    Key.SOP_UID: (Level.INSTANCE, _Kind.UID),
    Key.INSTANCE_NUMBER: (Level.INSTANCE, _Kind.NUMBER),
}
"""Level and matching of each key (PS3.18 Table 10.6.1-5, PS3.4 C.2.2.2)."""


@dataclass(frozen=True)
class Search:
    """A search as understood, what more it wants to see, and what the caller must be warned of."""

    query: CatalogueQuery
    included: Included
    warnings: tuple[str, ...] = ()


def parse_search(parameters: Sequence[tuple[str, str]], level: Level, within: Sequence[Match] = ()) -> Search:
    """The search that these parameters ask for, within a study or series of the path.

    Raises InvalidInput for an attribute that is unknown, no key at this level or given twice, and for a value that is
    not of its form.
    """
    matches, wanted, warnings = list(within), list[str](), list[str]()
    limit, offset = MOST, 0
    for name, value in parameters:
        match name:
            case "limit":
                limit = min(_count(name, value), MOST)
            case "offset":
                offset = _count(name, value)
            case "includefield":
                wanted += value.split(",")
            case "fuzzymatching":
                warnings += [NOT_FUZZY] if _flag(name, value) else []
            case _:
                matches += _matches(name, value, level)
    _require_once(matches)
    return Search(CatalogueQuery(tuple(matches), limit, offset), _included(wanted, level), tuple(warnings))


def _require_once(matches: Sequence[Match]) -> None:
    keys = [match.key for match in matches]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise InvalidInput(f"{twice.value} is given twice")


def _matches(name: str, value: str, level: Level) -> list[Match]:
    key = _key(name, level)
    value = value.strip()
    if _CONTROL.search(value):
        raise InvalidInput(f"{key.value} holds control characters")
    if not value.strip("*"):
        return []  # universal matching (PS3.4 C.2.2.2.3)
    condition = _CONDITIONS[_KINDS[key][1]](value)
    if condition is None:
        raise InvalidInput(f"{key.value} is not of the form that it is matched in")
    return [Match(key, condition)]


def _key(name: str, level: Level) -> Key:
    """The key of an attribute given by keyword or tag, within sequences joined by dots."""
    keyword = ".".join(_keyword(part) for part in name.split("."))
    found = next((key for key in _KINDS if key.value == keyword), None)
    if found is None or _KINDS[found][0] > level:
        raise InvalidInput("an attribute of the query cannot be matched here, or is no attribute")
    return found


def _keyword(name: str) -> str:
    """Keyword of an attribute. Raises InvalidInput for what is no attribute, without quoting it."""
    if _TAG.fullmatch(name):
        return keyword_for_tag(int(name, 16)) or name
    if tag_for_keyword(name) is None:
        raise InvalidInput("an attribute of the query is unknown")
    return name


def _included(wanted: Iterable[str], level: Level) -> Included:
    """The attributes that a stored header is asked for; those of a lower level are never given (10.6.3.3)."""
    named = {keyword for name in wanted if name and name != "all" for keyword in [_keyword(name.split(".")[0])]}
    everything = "all" in wanted
    extras = (STUDY_EXTRAS, SERIES_EXTRAS, INSTANCE_EXTRAS)
    chosen = [
        tuple(keyword for keyword in keywords if index <= level and (everything or keyword in named))
        for index, keywords in enumerate(extras, start=1)
    ]
    return Included(*chosen)


def _count(name: str, value: str) -> int:
    if not value.isascii() or not value.isdigit() or int(value[:11]) > _MAX_NUMBER:
        raise InvalidInput(f"{name} is a number from 0")
    return int(value)


def _flag(name: str, value: str) -> bool:
    if value not in ("true", "false"):
        raise InvalidInput(f"{name} is true or false")
    return value == "true"


def _text(value: str) -> Condition:
    return Wildcard(value) if "*" in value or "?" in value else OneOf((value,))


def _name(value: str) -> Condition:
    return _text(value.rstrip("^") or value)


def _code(value: str) -> Condition:
    return _text(value) if "*" in value or "?" in value else OneOf(tuple(re.split(r"[,\\]", value)))


def _uids(value: str) -> Condition | None:
    """A UID or a list of them (PS3.4 C.2.2.2.2)."""
    found = tuple(re.split(r"[,\\]", value))
    return OneOf(found) if all(_UID.fullmatch(uid) for uid in found) else None


def _days(value: str) -> Condition | None:
    first, dash, last = value.partition("-")
    days = parse_date(first), parse_date(last if dash else first)
    wrong = (first and days[0] is None) or (last and days[1] is None) or not (first or last)
    return None if wrong else Days(*days)


def _times(value: str) -> Condition | None:
    first, dash, last = value.partition("-")
    ends = _TIME.fullmatch(first or "00"), _TIME.fullmatch((last if dash else first) or "99")
    if ends[0] is None or ends[1] is None or not (first or last):
        return None
    return Times(ends[0][1].ljust(6, "0"), ends[1][1].ljust(6, "9"))


def _number(value: str) -> Condition | None:
    return OneOf((value,)) if _NUMBER.fullmatch(value) and abs(int(value)) <= _MAX_NUMBER else None


_CONDITIONS: Final = {
    _Kind.TEXT: _text,
    _Kind.NAME: _name,
    _Kind.CODE: _code,
    _Kind.UID: _uids,
    _Kind.DATE: _days,
    _Kind.TIME: _times,
    _Kind.NUMBER: _number,
}

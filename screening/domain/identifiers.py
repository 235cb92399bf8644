"""Identifiers: distinct types, so that a study is never mistaken for a case; identities never show in `repr`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import NewType

StudyInstanceUid = NewType("StudyInstanceUid", str)
SeriesInstanceUid = NewType("SeriesInstanceUid", str)
SopInstanceUid = NewType("SopInstanceUid", str)
CaseId = NewType("CaseId", str)
EpisodeId = NewType("EpisodeId", str)
ReadId = NewType("ReadId", str)
ReaderId = NewType("ReaderId", str)
FileDigest = NewType("FileDigest", str)

UID_ROOT = "2.25.173910601266088328272309362850805946897"
"""Arc of every UID this service mints: a UUID-derived arc (PS3.5 B.2), so that our own objects are recognised."""


@dataclass(frozen=True)
class PersonId:
    """A woman's identifier within the system that issued it (PS3.3 C.7.1.1 Patient ID and Issuer).

    The value never appears in `repr`, so that a log line or traceback cannot leak it.
    """

    issuer: str
    value: str = field(repr=False)


@dataclass(frozen=True)
class Participant:
    """The woman screened, as far as a report needs her; nothing here shows in `repr`.

    `birth_date` is ISO 8601 (YYYY-MM-DD) or empty when unknown; `family` and `given` keep the received spelling.
    """

    person: PersonId
    family: str = field(default="", repr=False)
    given: str = field(default="", repr=False)
    birth_date: str = field(default="", repr=False)
    sex: str = "F"


def minted_uid(*parts: str, root: str = UID_ROOT) -> str:
    """Deterministic UID under `root` for the given parts: the same parts give the same UID (ADR 10).

    At most 64 characters (PS3.5 9.1).

    >>> minted_uid("study", "cad-sr") == minted_uid("study", "cad-sr")
    True
    >>> len(minted_uid("a")) <= 64
    True
    """
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    room = 64 - len(root) - 1
    number = int.from_bytes(digest[:16], "big") % 10 ** min(room, 18)
    return f"{root}.{number}"


def is_ours(uid: str, root: str = UID_ROOT) -> bool:
    """Whether this service minted the UID, so that a result sent back by a PACS is not read again."""
    return uid.startswith(root + ".")


def stable_id(prefix: str, *parts: str) -> str:
    """Short deterministic id, e.g. for a case of a study: the same parts give the same id.

    >>> stable_id("case", "1.2.3")
    'case-c47f5b18b8a430e6'
    """
    digest = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
    return f"{prefix}-{digest[:16]}"

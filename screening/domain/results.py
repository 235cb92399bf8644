"""The result objects of an AI read that a PACS can be sent, and what is known of one that was written.

Which kinds a destination wants is configuration; how they are made is the DICOM room's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from screening.domain.identifiers import SopInstanceUid


class ResultKind(StrEnum):
    """A kind of result object, by the word that a destination's configuration uses."""

    CAD_SR = "cad-sr"
    TID_1500 = "tid-1500"
    GSPS = "gsps"
    SECONDARY_CAPTURE = "sc"


@dataclass(frozen=True)
class WrittenObject:
    """A result object as a file; the same run gives the same UIDs, and another result never a known one."""

    kind: ResultKind
    path: Path
    sop_class_uid: str
    sop_instance_uid: SopInstanceUid

"""What this service accepts over DIMSE: storage classes and transfer syntaxes (PS3.4 B.5, PS3.5 Annex A).

Everything a mammography unit or its PACS may forward is taken in, with pixels as they were sent: whether an object can
be read is said afterwards, by a reason code. Compressed syntaxes without a trusted decoder are taken in all the same.
"""

from __future__ import annotations

from typing import Final

from pynetdicom import build_context
from pynetdicom.presentation import PresentationContext
from pynetdicom.sop_class import StorageCommitmentPushModel, Verification  # type: ignore[attr-defined]

from screening.dicom import codes
from screening.dicom.decoders import CODECS

_STRUCTURED: Final = (
    "1.2.840.10008.5.1.4.1.1.88.11",  # Basic Text SR
    "1.2.840.10008.5.1.4.1.1.88.22",  # Enhanced SR
    "1.2.840.10008.5.1.4.1.1.88.33",  # Comprehensive SR
    "1.2.840.10008.5.1.4.1.1.88.34",  # Comprehensive 3D SR
    "1.2.840.10008.5.1.4.1.1.88.35",  # Extensible SR
    "1.2.840.10008.5.1.4.1.1.88.50",  # Mammography CAD SR
    "1.2.840.10008.5.1.4.1.1.88.59",  # Key Object Selection Document
)
_PRESENTATION_STATES: Final = tuple(f"1.2.840.10008.5.1.4.1.1.11.{number}" for number in range(1, 12))
_ENCAPSULATED: Final = ("1.2.840.10008.5.1.4.1.1.104.1",)

STORAGE_CLASSES: Final = (*codes.SOP_FAMILIES, *_STRUCTURED, *_PRESENTATION_STATES, *_ENCAPSULATED)
"""SOP classes that are taken in by C-STORE and may be asked about in a storage commitment."""

_KEPT_AS_SENT: Final = (
    "1.2.840.10008.1.2.1.99",  # Deflated Explicit VR Little Endian
    "1.2.840.10008.1.2.4.50",  # JPEG Baseline
    "1.2.840.10008.1.2.4.51",  # JPEG Extended
)

TRANSFER_SYNTAXES: Final = (*dict.fromkeys((*CODECS, *_KEPT_AS_SENT)),)
"""Every transfer syntax that is accepted; the sender's first choice among them is taken."""


def supported_contexts() -> list[PresentationContext]:
    """Presentation contexts of this service as an acceptor."""
    storage = [build_context(uid, list(TRANSFER_SYNTAXES)) for uid in STORAGE_CLASSES]
    return [build_context(Verification), _commitment(), *storage]


def _commitment() -> PresentationContext:
    """We are asked to commit, and answered about what we asked: both roles (PS3.4 J.3)."""
    context = build_context(StorageCommitmentPushModel)
    context.scu_role = context.scp_role = True
    return context

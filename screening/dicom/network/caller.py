"""The calling side of an association: verify, store, ask for and answer storage commitments.

Objects are sent from disk in chunks, in the transfer syntax they are stored in: pixels are never recoded on the way.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydicom import dcmread
from pynetdicom import AE, _config, build_context
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation
from pynetdicom.presentation import PresentationContext, build_role

from screening.dicom.network.commitment import event_type, request_dataset, result_dataset
from screening.dicom.status import OUT_OF_RESOURCES, SUCCESS
from screening.domain.commitment import CommitmentRequest, CommitmentResult
from screening.domain.errors import PartnerRefused, PartnerUnreachable

VERIFICATION: Final = "1.2.840.10008.1.1"
COMMITMENT: Final = "1.2.840.10008.1.20.1"
COMMITMENT_INSTANCE: Final = "1.2.840.10008.1.20.1.1"
_MOST_CONTEXTS: Final = 120
_MAX_PDU: Final = 128 << 10


@dataclass(frozen=True)
class Station:
    """Where a partner listens, and under which title we call it."""

    title: str
    host: str
    port: int
    calling: str
    timeout_s: float = 30.0
    tls: ssl.SSLContext | None = None


def echo(station: Station) -> None:
    """Verify (C-ECHO). Raises PartnerUnreachable or PartnerRefused."""
    with associated(station, [build_context(VERIFICATION)]) as association:
        _succeeded(association.send_c_echo().get("Status"), "C-ECHO")


def store(station: Station, files: Iterable[Path]) -> int:
    """Send objects (C-STORE); returns how many the partner kept.

    Raises PartnerUnreachable when it cannot be called or breaks off, PartnerRefused with its status when it does not
    take an object. What was sent before stays sent; sending an object again is harmless.
    """
    paths = list(files)
    sent = 0
    for block in _blocks(paths):
        with associated(station, [context for _path, context in block]) as association:
            for path, context in block:
                _taken(association, context)
                _succeeded(association.send_c_store(path).get("Status"), "C-STORE")
                sent += 1
    return sent


def ask_commitment(station: Station, request: CommitmentRequest) -> None:
    """Ask the partner to commit (N-ACTION); its answer comes later. Raises PartnerUnreachable or PartnerRefused."""
    with associated(station, [build_context(COMMITMENT)]) as association:
        answer, _reply = association.send_n_action(request_dataset(request), 1, COMMITMENT, COMMITMENT_INSTANCE)
        _succeeded(answer.get("Status"), "N-ACTION")


def answer_commitment(station: Station, result: CommitmentResult) -> None:
    """Send the answer to a partner's request (N-EVENT-REPORT). Raises PartnerUnreachable or PartnerRefused."""
    role = build_role(COMMITMENT, scu_role=False, scp_role=True)
    with associated(station, [build_context(COMMITMENT)], [role]) as association:
        answer, _reply = association.send_n_event_report(
            result_dataset(result), event_type(result), COMMITMENT, COMMITMENT_INSTANCE
        )
        _succeeded(answer.get("Status"), "N-EVENT-REPORT")


def _blocks(paths: Sequence[Path]) -> Iterator[list[tuple[Path, PresentationContext]]]:
    """Objects by association: a context names class and syntax, and an association has room for 128 of them."""
    block: list[tuple[Path, PresentationContext]] = []
    pairs: dict[tuple[str, str], PresentationContext] = {}
    for path in paths:
        meta = dcmread(path, specific_tags=["SOPClassUID"], stop_before_pixels=True).file_meta
        pair = str(meta.MediaStorageSOPClassUID), str(meta.TransferSyntaxUID)
        if pair not in pairs and len(pairs) == _MOST_CONTEXTS:
            yield block
            block, pairs = [], {}
        block.append((path, pairs.setdefault(pair, build_context(*pair))))
    if block:
        yield block


@contextmanager
def associated(
    station: Station, contexts: Sequence[PresentationContext], roles: Sequence[SCP_SCU_RoleSelectionNegotiation] = ()
) -> Iterator[Association]:
    """An established association for the length of a block. Raises PartnerUnreachable or PartnerRefused."""
    _config.STORE_SEND_CHUNKED_DATASET = True
    entity = AE(ae_title=station.calling)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = station.timeout_s
    entity.connection_timeout = station.timeout_s
    entity.requested_contexts = list({id(context): context for context in contexts}.values())
    association = entity.associate(
        station.host,
        station.port,
        ae_title=station.title,
        max_pdu=_MAX_PDU,
        ext_neg=list(roles),
        tls_args=(station.tls, station.host) if station.tls else None,
    )
    if not association.is_established:
        raise _refusal(station, association)
    try:
        yield association
    finally:
        if association.is_established:
            association.release()


def _taken(association: Association, context: PresentationContext) -> None:
    """Raise PartnerRefused unless the partner takes objects of this class in this syntax."""
    wanted = context.abstract_syntax, context.transfer_syntax[0]
    if wanted not in {(found.abstract_syntax, found.transfer_syntax[0]) for found in association.accepted_contexts}:
        raise PartnerRefused(f"the partner does not take objects of class {wanted[0]}")


def _refusal(station: Station, association: Association) -> PartnerRefused | PartnerUnreachable:
    if association.is_rejected:
        return PartnerRefused(f"{station.title} rejected the association")
    return PartnerUnreachable(f"{station.title} cannot be reached")


def _succeeded(code: int | None, what: str) -> None:
    """Raise unless the status is success or a warning (PS3.7 C); a partner out of resources may have some later."""
    if code is None:
        raise PartnerUnreachable(f"the partner broke off during {what}")
    if code >> 8 == OUT_OF_RESOURCES.code >> 8:
        raise PartnerUnreachable(f"the partner has no room for {what} now")
    if code != SUCCESS.code and code >> 12 != 0xB:
        raise PartnerRefused(f"the partner answered {what} with status {code:04X}")

"""The DICOM listener of an installation: who may call, what becomes of an object, and how commitments are answered."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Final

from screening.app.correlation import Following
from screening.app.logging import get_log
from screening.app.metrics import Metrics
from screening.app.priors_query import ArchivePriors
from screening.app.receiving import receiver
from screening.app.selftest import own_address
from screening.app.settings import Settings
from screening.dicom.network.caller import Station, answer_commitment
from screening.dicom.network.listener import Doing, Listening, StoreListener
from screening.dicom.network.partners import Network, Partner, Partners, load_network
from screening.domain.commitment import CommitmentRequest, CommitmentResult
from screening.domain.errors import Forbidden, InvalidInput, NotFound
from screening.domain.quality import ReasonCode
from screening.workflow.await_exam import Patience
from screening.workflow.commit_storage import ask_commitment
from screening.workflow.deliver_results import note_commitment
from screening.workflow.ports import Clock, Files, UnitOfWorkFactory

_LOG: Final = get_log()


def network_of(settings: Settings) -> Network:
    """The document of partners and destinations; an empty one where none is given. Raises InvalidInput."""
    return load_network(settings.dicom_partners) if settings.dicom_partners is not None else Network()


def partners_of(settings: Settings) -> Partners:
    """The list of partners; without one anybody may call, as long as only this machine can.

    Raises InvalidInput for a wrong list, Forbidden without one on an address that others reach.
    """
    partners = network_of(settings).partner
    if not partners and not ipaddress.ip_address(settings.dicom_host).is_loopback:
        raise Forbidden("SECONDREAD_DICOM_PARTNERS must say who may call before others can reach the DICOM port")
    return Partners((*partners, *_ourselves(settings, partners)))


def _ourselves(settings: Settings, listed: tuple[Partner, ...]) -> tuple[Partner, ...]:
    """We may send ourselves our self-test, from this machine only; where anybody may call, so may we anyway."""
    known = any(partner.title == settings.dicom_title for partner in listed)
    if not listed or known or not settings.selftest_minutes:
        return ()
    return (Partner(settings.dicom_title, networks=(own_address(settings),)),)


def patience_of(settings: Settings) -> Patience:
    """How long to wait for more images of an exam."""
    return Patience(
        quiet=timedelta(seconds=settings.quiet_s),
        longest=timedelta(seconds=settings.longest_wait_s),
        current_for=timedelta(days=settings.current_days),
        ask_archives=bool(network_of(settings).archive),
    )


def store_listener(
    settings: Settings, units: UnitOfWorkFactory, files: Files, clock: Clock, metrics: Metrics, following: Following
) -> StoreListener:
    """A listener that keeps what arrives, and notes which exams wait to be complete."""
    keep = receiver(units, files, clock, settings.site, patience_of(settings), metrics.kept)

    def receive(path: Path, partner: Partner) -> ReasonCode | None:
        return keep(path, partner.unit, partner.headers).reason

    def commit(request: CommitmentRequest) -> None:
        with units() as uow:
            ask_commitment(uow, clock, request)

    def committed(result: CommitmentResult) -> None:
        with following.commitment(result.transaction_uid), units() as uow:
            note_commitment(uow, clock, result)
            _LOG.info("storage commitment answered", kept=len(result.stored), not_kept=len(result.failed))

    return StoreListener(_listening(settings), partners_of(settings), Doing(receive, commit, committed, metrics))


def send_commitment(settings: Settings, request: CommitmentRequest, result: CommitmentResult) -> None:
    """Send the answer to whoever asked. Raises NotFound when nobody knows where that partner listens."""
    partner = partners_of(settings).titled(request.asked_by)
    if partner is None or not partner.host:
        raise NotFound("the list of DICOM partners says no host and port for who asked for a storage commitment")
    answer_commitment(Station(partner.title, partner.host, partner.port, settings.dicom_title), result)


def archives_of(settings: Settings) -> ArchivePriors:
    """The archives that are asked for priors."""
    title = settings.dicom_title
    return ArchivePriors([Station(a.title, a.host, a.port, title) for a in network_of(settings).archive])


def _listening(settings: Settings) -> Listening:
    return Listening(
        host=settings.dicom_host,
        port=settings.dicom_port,
        title=settings.dicom_title,
        incoming=settings.data_dir / "receiving",
        spare_bytes=settings.dicom_spare_mib << 20,
        tls=_tls(settings),
    )


def _tls(settings: Settings) -> ssl.SSLContext | None:
    """TLS of the listener (PS3.15 B.12): ours by certificate; partners' too where authorities are named."""
    if settings.dicom_certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.dicom_certificate)
        if settings.dicom_authorities is not None:
            context.load_verify_locations(settings.dicom_authorities)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise InvalidInput("the certificate of the DICOM listener cannot be used") from error
    return context

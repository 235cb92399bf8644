"""The other side of an association, as data: who may send, what is wrong with its headers, and where results go.

One TOML file lists every application entity. Headers that a site fills wrongly are corrected by rules when an object is
described; the bytes that were received are never changed.
"""

from __future__ import annotations

import ipaddress
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from screening.dicom.header_rules import CORRECTABLE, HeaderRule
from screening.domain.delivery import Destination
from screening.domain.errors import InvalidInput

_TITLE: Final = re.compile(r"^[\x21-\x5b\x5d-\x7e][\x20-\x5b\x5d-\x7e]{0,15}$")


@dataclass(frozen=True)
class Partner:
    """One application entity: its title, the networks it calls from (none: any), its unit, its header rules.

    `host` and `port` are where it listens itself: storage commitment results are sent there. Without them they go back
    on the association that asked.
    """

    title: str
    unit: str = ""
    networks: tuple[str, ...] = ()
    host: str = ""
    port: int = 0
    headers: tuple[HeaderRule, ...] = ()

    def calls_from(self, address: str) -> bool:
        """Whether a connection from this address may be this partner's."""
        at = ipaddress.ip_address(address)
        return not self.networks or any(at in ipaddress.ip_network(network) for network in self.networks)


ANYBODY: Final = Partner("")
"""The partner of a service that keeps no list: whoever calls."""


class Partners:
    """The list of who may call; empty means anybody may, which is for one machine on its own."""

    def __init__(self, partners: tuple[Partner, ...] = ()) -> None:
        self._by_title = {partner.title: partner for partner in partners}

    def of(self, title: str, address: str) -> Partner | None:
        """The partner that calls under this title from this address; None when it may not."""
        if not self._by_title:
            return ANYBODY
        partner = self._by_title.get(title.strip())
        return partner if partner is not None and partner.calls_from(address) else None

    def titled(self, title: str) -> Partner | None:
        """The partner of this title, wherever it calls from."""
        return self._by_title.get(title.strip())

    @property
    def titles(self) -> tuple[str, ...]:
        """Every listed AE title."""
        return tuple(self._by_title)


@dataclass(frozen=True)
class Archive:
    """Where priors are asked for (`[[archive]]`): a PACS that knows us by our AE title and sends to our listener."""

    title: str
    host: str
    port: int


@dataclass(frozen=True)
class Network:
    """The document: who may call us, where results go, and which archives have priors."""

    partner: tuple[Partner, ...] = ()
    destination: tuple[Destination, ...] = ()
    archive: tuple[Archive, ...] = ()


def load_network(path: Path) -> Network:
    """Read the document. Raises InvalidInput with the place that is wrong."""
    try:
        found = TypeAdapter(Network).validate_python(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise InvalidInput(f"the list of DICOM partners cannot be read: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"the list of DICOM partners is no TOML: {error}") from error
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise InvalidInput(f"the list of DICOM partners is wrong: {wrong}") from error
    for partner in found.partner:
        _check(partner)
    for destination in found.destination:
        _check_destination(destination)
    for kind, names in (
        ("AE title", [partner.title for partner in found.partner]),
        ("destination", [destination.name for destination in found.destination]),
    ):
        if len(set(names)) != len(names):
            raise InvalidInput(f"the list of DICOM partners names one {kind} twice")
    return found


def _check(partner: Partner) -> None:
    if not _TITLE.match(partner.title):
        raise InvalidInput(f"{partner.title!r} is no AE title (PS3.5 6.2)")
    if bool(partner.host) != bool(partner.port):
        raise InvalidInput(f"partner {partner.title}: host and port belong together")
    for network in partner.networks:
        _parsed_network(partner, network)
    for rule in partner.headers:
        _check_rule(partner, rule)


def _check_destination(destination: Destination) -> None:
    by_dimse = bool(destination.title and destination.host and destination.port)
    if not destination.name or by_dimse == bool(destination.url):
        raise InvalidInput(f"destination {destination.name!r} needs a name, and either title, host and port, or a url")
    if destination.commitment and not by_dimse:
        raise InvalidInput(f"destination {destination.name!r}: storage commitment goes by title, host and port")


def _parsed_network(partner: Partner, network: str) -> None:
    try:
        ipaddress.ip_network(network)
    except ValueError as error:
        raise InvalidInput(f"partner {partner.title}: {network!r} is no network") from error


def _check_rule(partner: Partner, rule: HeaderRule) -> None:
    forbidden = {*rule.put, *rule.copy} - CORRECTABLE
    if forbidden:
        raise InvalidInput(f"partner {partner.title}: {', '.join(sorted(forbidden))} may not be corrected")
    for pattern in rule.when.values():
        try:
            re.compile(pattern)
        except re.error as error:
            raise InvalidInput(f"partner {partner.title}: {pattern!r} is no regular expression") from error

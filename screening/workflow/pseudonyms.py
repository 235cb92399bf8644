"""Pseudonyms, date shifts and new UIDs out of one secret: the same input always gives the same, and none leads back.

Everything is an HMAC-SHA256 under a secret that stays with the service. Nothing is remembered, so that an export that
is run again, or extended a year later, fits the earlier one. Who has the secret can tell whether a guess is right.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from datetime import timedelta
from typing import Final

from screening.domain.identifiers import PersonId

SECRET_BYTES: Final = 32

LEAST_SHIFT_DAYS: Final = 30
MOST_SHIFT_DAYS: Final = 730
"""All dates of a woman move into the past by one number of days in this range."""


class Pseudonyms:
    """What stands for the women, staff, places and UIDs of one installation outside of it."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that tell one secret from another, and nothing else about it."""
        return self._digest("fingerprint").hex()[:16]

    def woman(self, person: PersonId) -> str:
        """Pseudonym of a woman: `W` and 16 letters and digits (80 bits), fit for Patient ID and file names.

        >>> Pseudonyms(b"a secret").woman(PersonId("HOSPITAL", "4711"))
        'WREDL42KFITRRIKWD'
        """
        return "W" + _letters(self._digest("woman", person.issuer, person.value)[:10])

    def shift(self, person: PersonId) -> timedelta:
        """What is added to every date of a woman: a whole number of days, negative, so that intervals stay."""
        number = int.from_bytes(self._digest("shift", person.issuer, person.value)[:8], "big")
        return -timedelta(days=LEAST_SHIFT_DAYS + number % (MOST_SHIFT_DAYS - LEAST_SHIFT_DAYS + 1))

    def name(self, kind: str, value: str) -> str:
        """Pseudonym of anything else, such as a reader or a unit; `kind` starts it and keeps kinds apart."""
        return f"{kind}-{_letters(self._digest(kind, value)[:10])}"

    def uid(self, original: str) -> str:
        """The UID that takes the place of another: `2.25.` and a UUID of our own making (PS3.5 B.2, RFC 9562 v8).

        It is not under this service's own arc: an exported result must not be mistaken for one of ours.
        """
        number = bytearray(self._digest("uid", original)[:16])
        number[6] = number[6] & 0x0F | 0x80
        number[8] = number[8] & 0x3F | 0x80
        return f"2.25.{uuid.UUID(bytes=bytes(number)).int}"

    def _digest(self, *parts: str) -> bytes:
        return hmac.new(self._secret, "\x1f".join(parts).encode(), hashlib.sha256).digest()


def _letters(digest: bytes) -> str:
    return base64.b32encode(digest).decode("ascii").rstrip("=")

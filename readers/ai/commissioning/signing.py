"""Ed25519 signatures (RFC 8032) with a key of this installation: who vouches, and that no byte moved.

The private key never leaves its file; trust in a public key is a file `*.pub` in the folder of keys.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from screening.domain.errors import CommissioningUntrusted

FORMAT: Final = "secondread-signature/1"
KEY_FILE: Final = "commissioning.pem"
_HEX_KEY = re.compile(r"[0-9a-f]{64}")
_HEX_SIGNATURE = re.compile(r"[0-9a-f]{128}")


@dataclass(frozen=True)
class Signature:
    """A detached signature: `public_key` and `value` in lower-case hex."""

    public_key: str
    value: str

    def holds(self, content: bytes) -> bool:
        """Whether it is a signature of exactly these bytes by this key."""
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.public_key))
            key.verify(bytes.fromhex(self.value), content)
        except (InvalidSignature, ValueError):
            return False
        return True

    def to_json(self) -> str:
        """The text of its file."""
        document = {
            "format": FORMAT,
            "algorithm": "Ed25519",
            "public_key": self.public_key,
            "signature": self.value,
        }
        return json.dumps(document, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Signature:
        """Read its file. Raises CommissioningUntrusted."""
        try:
            document = json.loads(text)
            made = cls(document["public_key"], document["signature"])
            stated = (document["format"], document["algorithm"])
        except (ValueError, KeyError, TypeError) as error:
            raise CommissioningUntrusted("the signature cannot be read") from error
        hexadecimal = _HEX_KEY.fullmatch(str(made.public_key)) and _HEX_SIGNATURE.fullmatch(str(made.value))
        if stated != (FORMAT, "Ed25519") or not hexadecimal or made.to_json() != text:
            raise CommissioningUntrusted("the signature is of another form")
        return made


def sign(content: bytes, key: Ed25519PrivateKey) -> Signature:
    """Sign bytes."""
    return Signature(public_hex(key), key.sign(content).hex())


def public_hex(key: Ed25519PrivateKey) -> str:
    """The public key in hex."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def local_key(folder: Path) -> Ed25519PrivateKey:
    """The key of this installation, made when first needed: `commissioning.pem` for its owner only, and its `.pub`.

    Raises CommissioningUntrusted when the file holds no such key.
    """
    path = folder / KEY_FILE
    if path.exists():
        return _read_key(path)
    key = Ed25519PrivateKey.generate()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(pem)
    path.with_suffix(".pub").write_text(public_hex(key) + "\n", encoding="utf-8")
    return key


def trusted_keys(folder: Path) -> frozenset[str]:
    """Public keys this installation trusts: one per `*.pub` file. Raises CommissioningUntrusted for another content."""
    found = set()
    for path in sorted(folder.glob("*.pub")):
        text = _public_text(path)
        if not _HEX_KEY.fullmatch(text):
            raise CommissioningUntrusted(f"{path.name} holds no public key")
        found.add(text)
    return frozenset(found)


def _public_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError as error:
        raise CommissioningUntrusted(f"{path.name} cannot be read") from error


def _read_key(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CommissioningUntrusted(f"{path.name} holds no private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise CommissioningUntrusted(f"{path.name} holds a key of another kind")
    return key

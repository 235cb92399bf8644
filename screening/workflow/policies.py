"""The reading policies that ship with the service, read from their documents.

Documents are data (ADR 8): nothing here knows what a policy says. A programme's own policy is loaded with
`load_document` and passes the same safety checks. This module must not decide which policy is active.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

from screening.domain.errors import InvalidPolicy, PolicyNotFound
from screening.domain.policy import Policy

DEFAULT_POLICY = "double-human+ai"
"""The policy a new installation starts with: AI can only add a look."""

Document = Mapping[str, Any]


def shipped_policies() -> Mapping[str, Policy]:
    """Every shipped policy by id, sorted by id."""
    return _policies()


def policy_json(policy_id: str) -> str:
    """The document of a shipped policy as JSON, for `Policies.save`; it rebuilds the policy with the same digest.

    Raises PolicyNotFound.
    """
    document = _documents().get(policy_id)
    if document is None:
        raise PolicyNotFound(f"no shipped policy has the id {policy_id!r}")
    return document_json(document)


def load_document(path: Path) -> Document:
    """The policy document in a TOML or JSON file, by its extension; `Policy.from_document` checks what it says.

    Raises InvalidPolicy when the file is neither, or is not an object.
    """
    text = path.read_text(encoding="utf-8")
    try:
        document = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except ValueError as error:
        raise InvalidPolicy(f"policy document {path.name}: {error}") from error
    if not isinstance(document, dict):
        raise InvalidPolicy(f"policy document {path.name}: not an object")
    return document


def document_json(document: Document) -> str:
    """A policy document in the one JSON form that is stored."""
    return json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False)


@cache
def _documents() -> Mapping[str, Document]:
    folder = files("screening.workflow.policy_documents")
    texts = [entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".toml")]
    documents = sorted((tomllib.loads(text) for text in texts), key=lambda document: str(document["id"]))
    return MappingProxyType({str(document["id"]): document for document in documents})


@cache
def _policies() -> Mapping[str, Policy]:
    return MappingProxyType({name: Policy.from_document(document) for name, document in _documents().items()})

"""Every policy version ever active, as the documents they were loaded from."""

from __future__ import annotations

import json
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from screening.domain.errors import Conflict, PolicyNotFound
from screening.domain.policy import Policy
from screening.store.inserts import insert_once
from screening.store.tables import PolicyRow


class SqlPolicies:
    """The `Policies` port over SQL."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._found: dict[tuple[str, str], Policy] = {}

    def save(self, policy: Policy, document: str) -> None:
        """Keep the document. Raises Conflict when it is not this policy's, or id and version exist with another."""
        if _parse(document).digest != policy.digest:
            raise Conflict("the document is not the one this policy was built from")
        insert_once(
            self._session, PolicyRow, id=policy.id, version=policy.version, digest=policy.digest, document=document
        )
        kept = self._session.scalars(
            select(PolicyRow.digest).where(PolicyRow.id == policy.id, PolicyRow.version == policy.version)
        ).one()
        if kept != policy.digest:
            raise Conflict(f"policy {policy.id}@{policy.version} exists with other content; give it a new version")

    def get(self, policy_id: str, version: str) -> Policy:
        """Asked once per transaction: a version never changes. Raises PolicyNotFound."""
        key = (policy_id, version)
        if key not in self._found:
            self._found[key] = self._read(policy_id, version)
        return self._found[key]

    def _read(self, policy_id: str, version: str) -> Policy:
        document = self._session.scalar(
            select(PolicyRow.document).where(PolicyRow.id == policy_id, PolicyRow.version == version)
        )
        if document is None:
            raise PolicyNotFound(f"no policy {policy_id}@{version} is stored")
        return _parse(document)


@lru_cache(maxsize=64)
def _parse(document: str) -> Policy:
    return Policy.from_document(json.loads(document))

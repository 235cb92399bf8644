"""What governs the reading: the policies that ship, and the proof that nothing recorded was edited."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter

from screening.web.dependencies import Ops
from screening.workflow.policies import shipped_policies
from screening.workflow.ports import LedgerHead

router = APIRouter(tags=["programme"])


@dataclass(frozen=True)
class PolicyLine:
    """One policy of the list; `digest` is what pinned cases carry."""

    id: str
    version: str
    title: str
    reference: str
    digest: str


@router.get("/policies")
def policies() -> list[PolicyLine]:
    """The reading policies that ship with this version."""
    shipped = shipped_policies().values()
    return [PolicyLine(p.id, p.version, p.title, p.reference, p.digest) for p in shipped]


@router.get("/ledger")
def verify_ledger(ops: Ops) -> LedgerHead:
    """Recompute the hash chain and give its end; the error `ledger_broken` names the first broken link."""
    with ops.units() as uow:
        return uow.ledger.verify()

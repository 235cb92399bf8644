"""What the HTTP face needs from the composition root: the use cases' ports, nothing built here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from screening.domain.policy import Policy
from screening.workflow.ports import Clock, Files, Ids, InstanceReader, ReportWriter, UnitOfWorkFactory


@dataclass(frozen=True)
class Operations:
    """Ports and settings of one running service.

    `policy` is called for the policy pinned to new cases; `unit` and `organisation` name where exams come from.
    """

    units: UnitOfWorkFactory
    clock: Clock
    ids: Ids
    files: Files
    instances: InstanceReader
    reports: ReportWriter
    policy: Callable[[], Policy]
    unit: str
    organisation: str

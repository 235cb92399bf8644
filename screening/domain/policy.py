"""A reading policy: versioned data that says who must read, what AI may do, and when a third read is owed.

The policy active when a case opens is pinned to it. Documents are checked against the safety rules when built,
so that an unsafe policy cannot exist as a value.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from screening.domain.errors import InvalidPolicy, PolicyNotLicensed
from screening.domain.opinion import BiRads


class AiFlagAction(StrEnum):
    """What an AI flag on a case that no human recalls leads to."""

    NOTHING = "nothing"
    ARBITRATE = "arbitrate"
    EXTRA_READ = "extra_read"


class AiNeededBy(StrEnum):
    """The moment at which the case waits for the AI read."""

    NEVER = "never"
    FIRST_READ = "first_read"
    CONCLUSION = "conclusion"


class ArbitrateWhen(StrEnum):
    """Which human reads owe a third decision."""

    NEVER = "never"
    DISCORDANT = "discordant"
    DISCORDANT_CATEGORY_0 = "discordant_category_0"
    ALL_RECALLS = "all_recalls"
    ALL_NON_NORMAL = "all_non_normal"


class Role(StrEnum):
    """Who looks."""

    READER = "reader"
    ARBITER = "arbiter"
    MANAGER = "manager"
    QUALITY = "quality"


class Phase(StrEnum):
    """When they look."""

    BEFORE_OWN_READ = "before_own_read"
    AFTER_OWN_READ = "after_own_read"
    CONCLUDED = "concluded"


class Field(StrEnum):
    """What they would see; everything not granted is hidden (rule 2)."""

    OTHER_READS = "other_reads"
    AI_SCORE = "ai_score"
    AI_FLAG = "ai_flag"
    AI_MARKS = "ai_marks"
    AI_STATUS = "ai_status"
    PRIORS = "priors"
    OUTCOME = "outcome"


@dataclass(frozen=True)
class TriageRule:
    """Human reads demanded when the AI exam score lies in [lowest, highest]."""

    lowest: int
    highest: int
    human_reads: int


@dataclass(frozen=True)
class AiRole:
    """What AI may do under a policy.

    `flag_from` is the exam score from which AI flags the case, `marks_from` the one from which its marks may be shown
    to whoever may see marks. `triage` rules only ever apply to an AI read with status `ok`; any other status means
    `Policy.human_reads` humans read.
    """

    takes_part: bool = False
    needed_by: AiNeededBy = AiNeededBy.NEVER
    flag_from: int = 10
    flag_action: AiFlagAction = AiFlagAction.NOTHING
    triage: tuple[TriageRule, ...] = ()
    wait: timedelta = timedelta(hours=2)
    marks_from: int = 1

    @property
    def replaces_a_human(self) -> bool:
        """Whether some score lets fewer humans read than without AI."""
        return bool(self.triage)


@dataclass(frozen=True)
class Policy:
    """One version of a reading policy; `digest` ties a pinned case to these very bytes."""

    id: str
    version: str
    title: str
    reference: str
    human_reads: int
    recall_categories: frozenset[BiRads]
    categories: frozenset[BiRads]
    ai: AiRole
    arbitrate: ArbitrateWhen
    panel_may_include_reader: bool
    finalisation_window: timedelta
    priors_wait: timedelta
    visibility: Mapping[tuple[Role, Phase], frozenset[Field]]
    digest: str

    def allows(self, role: Role, phase: Phase, field: Field) -> bool:
        """Whether this role may see this field in this phase."""
        return field in self.visibility.get((role, phase), frozenset())

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Policy:
        """Build a policy from its document (TOML or JSON), checking schema and safety.

        Raises InvalidPolicy when the document breaks the schema or a rule, PolicyNotLicensed when AI would stand
        for a human read and the document names no licence or protocol.
        """
        try:
            policy = cls(
                id=str(document["id"]),
                version=str(document["version"]),
                title=str(document["title"]),
                reference=str(document.get("reference", "")),
                human_reads=int(document["human_reads"]),
                recall_categories=frozenset(BiRads(c) for c in document["recall_categories"]),
                categories=frozenset(BiRads(c) for c in document["categories"]),
                ai=_ai_role(document.get("ai", {})),
                arbitrate=ArbitrateWhen(document["arbitration"]["when"]),
                panel_may_include_reader=bool(document["arbitration"].get("panel_may_include_reader", False)),
                finalisation_window=timedelta(minutes=int(document["finalisation_minutes"])),
                priors_wait=timedelta(days=int(document["priors_wait_days"])),
                visibility=_visibility(document.get("visibility", {})),
                digest=document_digest(document),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidPolicy(f"policy document: {error!r}") from error
        _check(policy)
        return policy


def document_digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON form of a document."""
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _ai_role(document: Mapping[str, Any]) -> AiRole:
    return AiRole(
        takes_part=bool(document.get("takes_part", False)),
        needed_by=AiNeededBy(document.get("needed_by", "never")),
        flag_from=int(document.get("flag_from", 10)),
        flag_action=AiFlagAction(document.get("flag_action", "nothing")),
        triage=tuple(_triage_rule(rule) for rule in document.get("triage", ())),
        wait=timedelta(minutes=int(document.get("wait_minutes", 120))),
        marks_from=int(document.get("marks_from", 1)),
    )


def _triage_rule(document: Mapping[str, Any]) -> TriageRule:
    return TriageRule(int(document["lowest"]), int(document["highest"]), int(document["human_reads"]))


def _visibility(document: Mapping[str, Any]) -> dict[tuple[Role, Phase], frozenset[Field]]:
    return {
        (Role(role), Phase(phase)): frozenset(Field(name) for name in fields)
        for role, phases in document.items()
        for phase, fields in phases.items()
    }


def _check(policy: Policy) -> None:
    """Hold the safety rules: two humans without AI, never none with it, and no shortcut without a licence."""
    if policy.human_reads < 2:
        raise InvalidPolicy("without an AI read two humans read")
    if any(rule.human_reads < 1 for rule in policy.ai.triage):
        raise InvalidPolicy("no exam is read by AI alone")
    if any(not 1 <= rule.lowest <= rule.highest <= 10 for rule in policy.ai.triage):
        raise InvalidPolicy("a triage rule spans exam scores within 1 to 10")
    if policy.ai.triage and not policy.ai.takes_part:
        raise InvalidPolicy("triage needs AI to take part")
    if policy.ai.takes_part and policy.ai.needed_by is AiNeededBy.NEVER:
        raise InvalidPolicy("a policy in which AI takes part says when the case waits for it")
    if policy.ai.replaces_a_human and not policy.reference.strip():
        raise PolicyNotLicensed("a policy in which AI spares a human read names its licence or protocol")
    if not policy.recall_categories <= policy.categories:
        raise InvalidPolicy("recall categories are among the categories")

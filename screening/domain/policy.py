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

from screening.domain import policy_schema as schema
from screening.domain.errors import InvalidPolicy, PolicyNotLicensed
from screening.domain.opinion import RECALL_CATEGORIES, BiRads


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
        schema.known_keys(document, "policy", _KEYS)
        arbitration = schema.table(document, "arbitration")
        schema.known_keys(arbitration, "arbitration", ("when", "panel_may_include_reader"))
        try:
            policy = cls(
                id=schema.text(document, "id"),
                version=schema.text(document, "version"),
                title=schema.text(document, "title"),
                reference=schema.text(document, "reference", ""),
                human_reads=schema.whole(document, "human_reads", 0, 9),
                recall_categories=frozenset(BiRads(c) for c in schema.wholes(document, "recall_categories", 0, 6)),
                categories=frozenset(BiRads(c) for c in schema.wholes(document, "categories", 0, 6)),
                ai=_ai_role(schema.table(document, "ai", {})),
                arbitrate=ArbitrateWhen(schema.text(arbitration, "when")),
                panel_may_include_reader=schema.flag(arbitration, "panel_may_include_reader", False),
                finalisation_window=timedelta(minutes=schema.whole(document, "finalisation_minutes", 0, _WEEK)),
                priors_wait=timedelta(days=schema.whole(document, "priors_wait_days", 0, 366)),
                visibility=_visibility(schema.table(document, "visibility", {})),
                digest=document_digest(document),
            )
        except (TypeError, ValueError) as error:
            raise InvalidPolicy(f"policy document: {error}") from error
        _check(policy)
        return policy


def document_digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON form of a document."""
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


_WEEK = 7 * 24 * 60
_KEYS = (
    *("id", "version", "title", "reference", "human_reads", "categories", "recall_categories"),
    *("finalisation_minutes", "priors_wait_days", "arbitration", "ai", "visibility"),
)
_AI_KEYS = ("takes_part", "needed_by", "flag_from", "flag_action", "triage", "wait_minutes", "marks_from")
_RULE_KEYS = ("lowest", "highest", "human_reads")


def _ai_role(document: schema.Table) -> AiRole:
    schema.known_keys(document, "ai", _AI_KEYS)
    return AiRole(
        takes_part=schema.flag(document, "takes_part", False),
        needed_by=AiNeededBy(schema.text(document, "needed_by", "never")),
        flag_from=schema.whole(document, "flag_from", 1, 10, 10),
        flag_action=AiFlagAction(schema.text(document, "flag_action", "nothing")),
        triage=tuple(_triage_rule(rule) for rule in schema.tables(document, "triage")),
        wait=timedelta(minutes=schema.whole(document, "wait_minutes", 0, _WEEK, 120)),
        marks_from=schema.whole(document, "marks_from", 1, 10, 1),
    )


def _triage_rule(document: schema.Table) -> TriageRule:
    schema.known_keys(document, "triage", _RULE_KEYS)
    lowest, highest = (schema.whole(document, key, 1, 10) for key in ("lowest", "highest"))
    return TriageRule(lowest, highest, schema.whole(document, "human_reads", 0, 9))


def _visibility(document: schema.Table) -> dict[tuple[Role, Phase], frozenset[Field]]:
    return {
        (Role(role), Phase(phase)): frozenset(Field(name) for name in schema.texts(schema.table(document, role), phase))
        for role in document
        for phase in schema.table(document, role)
    }


def _check(policy: Policy) -> None:
    """Hold the safety rules: two humans without AI, never none with it, and no shortcut without a licence."""
    if not policy.id.strip() or not policy.version.strip():
        raise InvalidPolicy("a policy has an id and a version")
    if policy.human_reads < 2:
        raise InvalidPolicy("without an AI read two humans read")
    if not policy.recall_categories or policy.recall_categories != policy.categories & RECALL_CATEGORIES:
        raise InvalidPolicy("recall categories are those of the categories that can recall, and there is one")
    if policy.ai.takes_part and policy.ai.needed_by is AiNeededBy.NEVER:
        raise InvalidPolicy("a policy in which AI takes part says when the case waits for it")
    _check_triage(policy.ai)
    if policy.ai.replaces_a_human and not policy.reference.strip():
        raise PolicyNotLicensed("a policy in which AI spares a human read names its licence or protocol")


def _check_triage(ai: AiRole) -> None:
    if ai.triage and not ai.takes_part:
        raise InvalidPolicy("triage needs AI to take part")
    if any(rule.human_reads < 1 for rule in ai.triage):
        raise InvalidPolicy("no exam is read by AI alone")
    scores = [score for rule in ai.triage for score in range(rule.lowest, rule.highest + 1)]
    if any(rule.lowest > rule.highest for rule in ai.triage) or len(scores) != len(set(scores)):
        raise InvalidPolicy("triage rules run from low to high and never claim the same score")

"""The shipped policies as a radiologist would check them: opinions and AI in, outcome out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from screening.domain.ai_read import AiStatus
from screening.domain.arbitration import ArbitrationReason
from screening.domain.case import CaseState
from screening.domain.errors import CategoryNotAllowed, InvalidPolicy, PolicyNotFound
from screening.domain.outcome import Outcome
from screening.domain.policy import Field, Phase, Policy, Role
from screening.workflow.policies import DEFAULT_POLICY, load_document, policy_json, shipped_policies
from tests.domain.story import ANNA, Story, refused, score

SHIPPED = shipped_policies()

# One row: reads in order | AI (exam score, status, or - for none) | reads owed | where the case then stands.
# Opinions: N normal; R4 right breast category 4; L0 left breast category 0; T:RCC repeat the right CC view.
# "arbitration: why" is a third read owed; everything else is the outcome that follows from the reads alone.
DOUBLE_HUMAN = """
N      N            | -         | 2 | routine
R4     R4           | -         | 2 | recall R4
R4     R5           | -         | 2 | recall R5
N      R4           | -         | 2 | arbitration: discordant
R4     N            | -         | 2 | arbitration: discordant
R4     L4           | -         | 2 | arbitration: discordant
R4     R4+L0        | -         | 2 | arbitration: discordant
T:RCC  T:RCC        | -         | 2 | technical RCC
T:RCC  T:LMLO       | -         | 2 | arbitration: discordant
T:RCC  N            | -         | 2 | arbitration: discordant
T:RCC  R4           | -         | 2 | arbitration: discordant
R4                  | -         | 2 | second read
N      N            | 10        | 2 | routine
"""
DOUBLE_HUMAN_AI = """
N      N            | 1         | 2 | routine
N      N            | 9         | 2 | routine
N      N            | 10        | 2 | arbitration: ai_flag
N      N            | -         | 2 | waits for AI
N      N            | failed    | 2 | routine
N      N            | timed_out | 2 | routine
N      N            | objected  | 2 | routine
N      N            | uncalibrated | 2 | routine
R4     R4           | 1         | 2 | recall R4
R4     R4           | 10        | 2 | recall R4
N      R4           | 1         | 2 | arbitration: discordant
N      R4           | 10        | 2 | arbitration: discordant
T:RCC  T:RCC        | 1         | 2 | technical RCC
T:RCC  T:RCC        | 10        | 2 | arbitration: ai_flag
N                   | 1         | 2 | second read
"""
MASAI = """
                    | -         | 2 | waits for AI
N                   | 1         | 1 | routine
N                   | 9         | 1 | routine
R4                  | 1         | 1 | recall R4
L0                  | 9         | 1 | recall L0
T:RCC               | 5         | 1 | technical RCC
N                   | 10        | 2 | second read
R4                  | 10        | 2 | second read
N      N            | 10        | 2 | routine
R4     R4           | 10        | 2 | recall R4
N      R4           | 10        | 2 | arbitration: discordant
N                   | failed    | 2 | second read
N                   | unsupported | 2 | second read
N                   | timed_out | 2 | second read
N                   | objected  | 2 | second read
N                   | unlicensed | 2 | second read
N                   | uncalibrated | 2 | second read
N      N            | failed    | 2 | routine
N      R4           | failed    | 2 | arbitration: discordant
"""
NL_B0 = """
N      N            | -         | 2 | routine
R4     R4           | -         | 2 | recall R4
R0     R0           | -         | 2 | recall R0
R0     R5           | -         | 2 | recall R5
N      R0           | -         | 2 | arbitration: discordant
R0     N            | -         | 2 | arbitration: discordant
R0     L0           | -         | 2 | arbitration: discordant
N      R4           | -         | 2 | recall R4
R5     N            | -         | 2 | recall R5
R4     L5           | -         | 2 | recall R4+L5
R0     L4           | -         | 2 | recall R0+L4
R4     R4+L0        | -         | 2 | recall R4+L0
T:RCC  T:RCC        | -         | 2 | technical RCC
T:RCC  T:LMLO       | -         | 2 | technical LMLO+RCC
T:RCC  N            | -         | 2 | technical RCC
T:RCC  R0           | -         | 2 | arbitration: discordant
T:RCC  R4           | -         | 2 | recall R4
N                   | -         | 2 | second read
"""
TABLES = {"double-human": DOUBLE_HUMAN, "double-human+ai": DOUBLE_HUMAN_AI, "masai": MASAI, "nl-b0": NL_B0}
ROWS = [(policy, *row.split("|")) for policy, table in TABLES.items() for row in table.strip("\n").splitlines()]


def told(outcome: Outcome) -> str:
    """An outcome in the words of the tables."""
    breasts = "+".join(f"{b.laterality.value}{b.category.value}" for b in outcome.breasts)
    views = "+".join(fault.slot.value for fault in outcome.technical)
    words = {"recall_for_assessment": f"recall {breasts}", "technical_recall": f"technical {views}"}
    return words.get(outcome.kind.value, "routine")


def stands(story: Story) -> str:
    """Where a case stands, in the words of the tables."""
    status = story.status
    if status.state is CaseState.AWAITING_ARBITRATION and status.arbitration is not None:
        return f"arbitration: {status.arbitration.value}"
    if status.outcome is not None:
        return told(status.outcome)
    return {CaseState.AWAITING_SECOND_READ: "second read", CaseState.AWAITING_AI: "waits for AI"}[status.state]


@pytest.mark.parametrize(("policy", "reads", "ai", "owed", "expected"), ROWS, ids=lambda cell: " ".join(cell.split()))
def test_what_follows_from_these_reads(policy: str, reads: str, ai: str, owed: str, expected: str) -> None:
    word = ai.strip()
    answer = None if word == "-" else score(int(word)) if word.isdigit() else refused(AiStatus(word))
    story = Story(SHIPPED[policy]).concluded(reads.split(), answer)
    assert stands(story) == expected.strip()
    assert story.status.required_reads == int(owed)


@pytest.mark.parametrize("policy", SHIPPED)
@pytest.mark.parametrize(("word", "expected"), [("N", "routine"), ("R4", "recall R4"), ("T:RCC", "technical RCC")])
def test_the_third_decision_makes_the_outcome(policy: str, word: str, expected: str) -> None:
    story = Story(SHIPPED[policy]).concluded(["N", "R0"], score(10)).arbitrated(word).windows_closed()
    assert stands(story) == expected
    outcome = story.status.outcome
    assert outcome is not None
    assert outcome.arbitrated
    assert outcome.origin == ("R2+AI" if SHIPPED[policy].ai.takes_part else "R2")
    assert outcome.dismissed is (word == "N")


def test_an_ai_flag_that_arbitration_dismisses_is_a_followed_cohort() -> None:
    story = Story(SHIPPED[DEFAULT_POLICY]).concluded(["N", "N"], score(10)).arbitrated("N").windows_closed()
    outcome = story.status.outcome
    assert outcome is not None
    assert (outcome.origin, outcome.dismissed) == ("AI", True)


def test_category_3_is_no_dutch_category() -> None:
    with pytest.raises(CategoryNotAllowed):
        Story(SHIPPED["nl-b0"]).opened().read(ANNA, "R3")


BLIND = {Field.PRIORS}
SEES: list[tuple[str, Role, Phase, set[Field]]] = [
    ("double-human", Role.READER, Phase.BEFORE_OWN_READ, BLIND),
    ("double-human+ai", Role.READER, Phase.BEFORE_OWN_READ, BLIND),
    ("double-human+ai", Role.READER, Phase.AFTER_OWN_READ, BLIND),
    ("nl-b0", Role.READER, Phase.BEFORE_OWN_READ, BLIND),
    ("masai", Role.READER, Phase.BEFORE_OWN_READ, set(Field) - {Field.OTHER_READS, Field.OUTCOME}),
    ("double-human+ai", Role.ARBITER, Phase.BEFORE_OWN_READ, set(Field) - {Field.OUTCOME}),
    ("double-human", Role.ARBITER, Phase.BEFORE_OWN_READ, {Field.PRIORS, Field.OTHER_READS}),
    ("double-human+ai", Role.MANAGER, Phase.BEFORE_OWN_READ, {Field.AI_STATUS}),
    ("double-human+ai", Role.QUALITY, Phase.CONCLUDED, set(Field)),
]


@pytest.mark.parametrize(("policy", "role", "phase", "fields"), SEES)
def test_who_sees_what(policy: str, role: Role, phase: Phase, fields: set[Field]) -> None:
    assert {field for field in Field if SHIPPED[policy].allows(role, phase, field)} == fields


def test_the_default_spares_nobody_a_read() -> None:
    assert not SHIPPED[DEFAULT_POLICY].ai.replaces_a_human
    assert [name for name, policy in SHIPPED.items() if policy.ai.replaces_a_human] == ["masai"]


@pytest.mark.parametrize("policy", SHIPPED.values(), ids=lambda policy: policy.id)
def test_a_policy_rebuilt_from_its_stored_document_is_the_same(policy: Policy) -> None:
    rebuilt = Policy.from_document(json.loads(policy_json(policy.id)))
    assert rebuilt == policy
    assert policy.title
    assert policy.reference


def test_an_id_that_is_not_shipped_is_not_found() -> None:
    with pytest.raises(PolicyNotFound):
        policy_json("recall-nobody")


def test_a_programme_loads_its_own_document_from_toml_or_json(tmp_path: Path) -> None:
    as_json = tmp_path / "own.json"
    as_json.write_text(policy_json("nl-b0"), encoding="utf-8")
    assert Policy.from_document(load_document(as_json)) == SHIPPED["nl-b0"]
    as_toml = tmp_path / "own.toml"
    as_toml.write_text('id = "own"', encoding="utf-8")
    assert load_document(as_toml) == {"id": "own"}


@pytest.mark.parametrize(("name", "content"), [("a.toml", "id ="), ("a.json", "{"), ("a.json", "[]")])
def test_a_file_that_is_no_document_is_refused(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidPolicy):
        load_document(path)


def test_every_reason_of_the_tables_is_a_reason() -> None:
    named = {row[4].split(": ")[1].strip() for row in ROWS if "arbitration" in row[4]}
    assert named <= {reason.value for reason in ArbitrationReason}

"""A policy document: what is refused, so that an unsafe or misread policy cannot exist as a value."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.domain.errors import InvalidPolicy, PolicyNotLicensed
from screening.domain.policy import Policy, document_digest
from screening.workflow.policies import policy_json, shipped_policies

Document = dict[str, Any]


def masai() -> Document:
    """A document that uses everything a document can say."""
    document = json.loads(policy_json("masai"))
    assert isinstance(document, dict)
    return document


def changed(**changes: object) -> Document:
    """The document with other top-level values."""
    return masai() | changes


def with_ai(**changes: object) -> Document:
    """The document with another AI role."""
    return changed(ai=masai()["ai"] | changes)


def triage(*rules: tuple[int, int, int]) -> Document:
    """The document with these triage rules."""
    keys = ("lowest", "highest", "human_reads")
    return with_ai(triage=[dict(zip(keys, rule, strict=True)) for rule in rules])


UNSAFE: dict[str, Callable[[], Document]] = {
    "one human without AI": lambda: changed(human_reads=1),
    "AI alone for a low score": lambda: triage((1, 5, 0), (6, 10, 2)),
    "two rules for one score": lambda: triage((1, 5, 2), (5, 10, 1)),
    "a rule that runs backwards": lambda: triage((5, 1, 2)),
    "a rule outside the scale": lambda: triage((0, 11, 2)),
    "triage without AI": lambda: with_ai(takes_part=False),
    "AI that the case never waits for": lambda: with_ai(needed_by="never"),
    "a recall category that is no category": lambda: changed(categories=[1, 2, 4], recall_categories=[4, 5]),
    "a category that recalls here but not there": lambda: changed(categories=[1, 3, 4], recall_categories=[4]),
    "no recall at all": lambda: changed(categories=[1, 2], recall_categories=[]),
    "no id": lambda: changed(id=" "),
    "no version": lambda: changed(version=""),
}
MISREAD: dict[str, Callable[[], Document]] = {
    "an unknown key": lambda: changed(human_read=2),
    "an unknown AI key": lambda: with_ai(flag_form=3),
    "an unknown triage key": lambda: with_ai(triage=[{"lowest": 1, "highest": 9, "human_reads": 1, "if": "x"}]),
    "an unknown arbitration rule": lambda: changed(arbitration={"when": "sometimes"}),
    "an unknown arbitration key": lambda: changed(arbitration={"when": "never", "who": "me"}),
    "an unknown field": lambda: changed(visibility={"reader": {"concluded": ["everything"]}}),
    "an unknown role": lambda: changed(visibility={"visitor": {"concluded": []}}),
    "an unknown phase": lambda: changed(visibility={"reader": {"soon": []}}),
    "a number as text": lambda: changed(human_reads="2"),
    "a fraction of a human": lambda: changed(human_reads=2.9),
    "true as a number": lambda: with_ai(flag_from=True),
    "no as text, which is true": lambda: with_ai(takes_part="no"),
    "a window that ends before it begins": lambda: changed(finalisation_minutes=-1),
    "a window without end": lambda: changed(finalisation_minutes=10**12),
    "a category that does not exist": lambda: changed(categories=[7]),
    "AI that is a list": lambda: changed(ai=[]),
    "visibility that is a list": lambda: changed(visibility=[]),
    "fields that are a text": lambda: changed(visibility={"reader": {"concluded": "outcome"}}),
    "no arbitration": lambda: {key: value for key, value in masai().items() if key != "arbitration"},
    "no title": lambda: {key: value for key, value in masai().items() if key != "title"},
}


@pytest.mark.parametrize("what", UNSAFE)
def test_an_unsafe_policy_cannot_exist(what: str) -> None:
    with pytest.raises(InvalidPolicy):
        Policy.from_document(UNSAFE[what]())


@pytest.mark.parametrize("what", MISREAD)
def test_a_document_is_never_guessed_at(what: str) -> None:
    with pytest.raises(InvalidPolicy):
        Policy.from_document(MISREAD[what]())


@pytest.mark.parametrize("reference", ["", "   "])
def test_ai_spares_no_read_without_a_licence_or_protocol(reference: str) -> None:
    with pytest.raises(PolicyNotLicensed):
        Policy.from_document(changed(reference=reference))


@given(st.data())
def test_a_broken_document_is_refused_with_a_code_and_nothing_else(data: st.DataObject) -> None:
    document = masai()
    key = data.draw(st.sampled_from(sorted(document)))
    junk = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())
    document[key] = data.draw(junk | st.dictionaries(st.text(), junk))
    try:
        policy = Policy.from_document(document)
    except (InvalidPolicy, PolicyNotLicensed):
        return
    assert policy.human_reads >= 2


def test_the_digest_ties_a_policy_to_what_its_document_says() -> None:
    document = masai()
    reordered = dict(reversed(copy.deepcopy(document).items()))
    assert document_digest(reordered) == document_digest(document) == shipped_policies()["masai"].digest
    assert document_digest(changed(priors_wait_days=6)) != document_digest(document)

"""The narrative says, in both languages, what the report holds, and nothing it must not."""

from __future__ import annotations

import string
from dataclasses import replace

import pytest

from fhir_gateway.fhir.checks.narrative import broken_rule
from fhir_gateway.narrative.html import division, page
from fhir_gateway.narrative.phrases import PHRASES, Phrase
from fhir_gateway.narrative.text import plain_text
from fhir_gateway.narrative.words import ROLES, TABLES, role_word, word
from screening.domain import ai_read, opinion, outcome, report, study
from screening.domain.events import ReadKind
from screening.domain.report import Language, ReportStatus, StructuredReport
from tests.fhir_gateway.examples import LABEL, NO_RESULT, RECALL, REPORTS, ROUTINE, TECHNICAL, WITHDRAWN

SPOKEN = (
    *(opinion.BiRads, opinion.FindingType, opinion.Shape, opinion.Margin, opinion.MassDensity, opinion.Quadrant),
    *(opinion.CalcificationMorphology, opinion.CalcificationDistribution, opinion.Depth, opinion.TechnicalReason),
    *(outcome.OutcomeKind, study.Laterality, study.Slot, ai_read.AiStatus, ai_read.BreastDensity, report.ReportStatus),
)
LANGUAGES = list(Language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", SPOKEN, ids=lambda kind: kind.__name__)
def test_every_value_has_its_own_word(kind: type[opinion.BiRads], language: Language) -> None:
    words = [word(value, language) for value in kind]
    assert all(text.strip() == text and text for text in words)
    assert len(set(words)) == len(words)


def test_catalogue_has_no_table_left_incomplete() -> None:
    assert set(SPOKEN) <= set(TABLES)
    for kind, table in TABLES.items():
        assert set(table) == set(kind)


def test_every_phrase_has_the_same_places_in_both_languages() -> None:
    assert set(PHRASES) == set(Phrase)
    for english, dutch in PHRASES.values():
        places = [{place for _, place, _, _ in string.Formatter().parse(text) if place} for text in (english, dutch)]
        assert places[0] == places[1]


def test_roles_have_words_and_unknown_roles_stay_readable() -> None:
    assert {kind.value for kind in ReadKind} | {"arbiter"} == set(ROLES)
    assert [role_word(role, Language.DUTCH) for role in ("first", "arbiter")] == ["eerste lezer", "arbiter"]
    assert role_word("panel chair", Language.DUTCH) == "panel chair"


def test_programme_terms() -> None:
    assert "Goed" in plain_text(ROUTINE, Language.DUTCH)
    assert "Verwijzen" in plain_text(RECALL, Language.DUTCH)
    assert "12,5 mm" in plain_text(RECALL, Language.DUTCH)
    assert "12.5 mm" in plain_text(RECALL, Language.ENGLISH)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("example", REPORTS.values(), ids=REPORTS)
def test_narrative_names_nobody_and_tells_no_single_read(example: StructuredReport, language: Language) -> None:
    text = plain_text(example, language)
    for hidden in ("Voorbeeld", "Wilhelmina", "999990019", "W-17", "1965", "R1", "R2"):
        assert hidden not in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("example", [ROUTINE, RECALL, TECHNICAL])
def test_ai_paragraph_always_has_label_and_disclaimer(example: StructuredReport, language: Language) -> None:
    text = plain_text(example, language)
    assert LABEL in text
    assert ("AI decided nothing" if language is Language.ENGLISH else "AI heeft niets beslist") in text


def test_score_without_label_is_not_told() -> None:
    assert ROUTINE.ai.identity is not None
    bare = replace(ROUTINE, ai=replace(ROUTINE.ai, identity=replace(ROUTINE.ai.identity, label="")))
    assert "AI exam score" in plain_text(ROUTINE, Language.ENGLISH)
    assert "AI exam score" not in plain_text(bare, Language.ENGLISH)


def test_withdrawn_and_unshared_reports_say_so_first() -> None:
    assert "WITHDRAWN" in plain_text(WITHDRAWN, Language.ENGLISH).splitlines()[1]
    assert "must not leave" in plain_text(TECHNICAL, Language.ENGLISH).splitlines()[2]
    assert WITHDRAWN.status is ReportStatus.ENTERED_IN_ERROR


def test_no_result_gives_its_reason_and_promises_nothing() -> None:
    text = plain_text(NO_RESULT, Language.ENGLISH)
    assert "Reason: withdrawn at the woman's request" in text
    assert "next screening round" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_html_is_escaped_and_allowed_in_fhir(language: Language) -> None:
    assert "&lt;2024&gt;" in page(RECALL, language)
    assert f'lang="{language.value}"' in page(RECALL, language)
    assert broken_rule(division(RECALL, language)) is None

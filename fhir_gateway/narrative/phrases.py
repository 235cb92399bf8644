"""Headings and sentences of the narrative, in both languages, as templates with named places.

Words for domain values are in `words`. No template holds a place for a person's name or number.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from fhir_gateway.narrative.words import Pair, pick
from screening.domain.report import Language


class Phrase(StrEnum):
    """Every heading and sentence the narrative uses."""

    TITLE = "title"
    EXAMINATION = "examination"
    OUTCOME = "outcome"
    FINDINGS = "findings"
    RECOMMENDATION = "recommendation"
    AI = "ai"
    REPORT_LINE = "report_line"
    REPLACES = "replaces"
    ORGANISATION = "organisation"
    DATE = "date"
    DATE_UNKNOWN = "date_unknown"
    ACCESSION = "accession"
    TECHNIQUE_2D = "technique_2d"
    TECHNIQUE_DBT = "technique_dbt"
    READERS = "readers"
    NO_READERS = "no_readers"
    POLICY = "policy"
    CATEGORY = "category"
    NO_CATEGORY = "no_category"
    DENSITY = "density"
    DENSITY_AI = "density_ai"
    SIZE = "size"
    CLOCK = "clock"
    COMMENT = "comment"
    REASON = "reason"
    REPEAT = "repeat"
    STANDING = "standing"
    AI_PRODUCT = "ai_product"
    AI_SCORE = "ai_score"
    AI_FLAGGED = "ai_flagged"
    AI_NOT_FLAGGED = "ai_not_flagged"
    AI_LABEL = "ai_label"
    AI_NO_DECISION = "ai_no_decision"
    AI_NO_PART = "ai_no_part"
    NO_SHARING = "no_sharing"
    WITHDRAWN_REQUEST = "withdrawn_request"


PHRASES: Mapping[Phrase, Pair] = {
    Phrase.TITLE: ("Screening mammography report", "Verslag screeningsmammografie"),
    Phrase.EXAMINATION: ("Examination", "Onderzoek"),
    Phrase.OUTCOME: ("Outcome", "Uitslag"),
    Phrase.FINDINGS: ("Findings", "Bevindingen"),
    Phrase.RECOMMENDATION: ("Recommendation", "Advies"),
    Phrase.AI: ("Artificial intelligence (AI)", "Kunstmatige intelligentie (AI)"),
    Phrase.REPORT_LINE: ("{status}; report {id}, version {version}", "{status}; verslag {id}, versie {version}"),
    Phrase.REPLACES: ("This version replaces version {version}.", "Deze versie vervangt versie {version}."),
    Phrase.ORGANISATION: ("Organisation: {name}", "Organisatie: {name}"),
    Phrase.DATE: ("Date of examination: {date}", "Datum onderzoek: {date}"),
    Phrase.DATE_UNKNOWN: ("Date of examination: unknown", "Datum onderzoek: onbekend"),
    Phrase.ACCESSION: ("Accession number: {number}", "Onderzoeksnummer: {number}"),
    Phrase.TECHNIQUE_2D: ("Technique: digital mammography", "Techniek: digitale mammografie"),
    Phrase.TECHNIQUE_DBT: ("Technique: digital breast tomosynthesis", "Techniek: digitale tomosynthese"),
    Phrase.READERS: ("Read by: {roles}", "Beoordeeld door: {roles}"),
    Phrase.NO_READERS: ("Read by: no reader", "Beoordeeld door: geen lezer"),
    Phrase.POLICY: ("Reading policy: {policy}", "Beoordelingsregel: {policy}"),
    Phrase.CATEGORY: ("{side}: BI-RADS {category} ({words})", "{side}: BI-RADS {category} ({words})"),
    Phrase.NO_CATEGORY: ("No BI-RADS category was given.", "Er is geen BI-RADS-categorie gegeven."),
    Phrase.DENSITY: ("Breast density: {letter} ({words})", "Borstdensiteit: {letter} ({words})"),
    Phrase.DENSITY_AI: (
        "Breast density: {letter} ({words}), estimated by AI",
        "Borstdensiteit: {letter} ({words}), geschat door AI",
    ),
    Phrase.SIZE: ("{size} mm", "{size} mm"),
    Phrase.CLOCK: ("{hour} o'clock", "{hour} uur"),
    Phrase.COMMENT: ("remark: {text}", "opmerking: {text}"),
    Phrase.REASON: ("Reason: {text}", "Reden: {text}"),
    Phrase.REPEAT: ("Repeat {view}: {reason}", "Herhaal {view}: {reason}"),
    Phrase.STANDING: (
        "A suspicion stands until the repeated views are read: {side}, BI-RADS {category} ({words})",
        "Een verdenking blijft staan tot de nieuwe opnamen zijn beoordeeld: {side}, BI-RADS {category} ({words})",
    ),
    Phrase.AI_PRODUCT: ("AI reader: {model}, version {version}", "AI-lezer: {model}, versie {version}"),
    Phrase.AI_SCORE: (
        "AI exam score: {score} on a scale of 1 to 10, calibration {calibration}; {flag}",
        "AI-onderzoeksscore: {score} op een schaal van 1 tot 10, kalibratie {calibration}; {flag}",
    ),
    Phrase.AI_FLAGGED: ("flagged by AI", "door AI gemarkeerd"),
    Phrase.AI_NOT_FLAGGED: ("not flagged by AI", "niet door AI gemarkeerd"),
    Phrase.AI_LABEL: ("Label of the AI reader: {label}", "Label van de AI-lezer: {label}"),
    Phrase.AI_NO_PART: ("AI took no part", "AI las niet mee"),
    Phrase.AI_NO_DECISION: (
        "AI decided nothing: an outcome is decided by human readers only.",
        "AI heeft niets beslist: een uitslag wordt alleen door menselijke lezers bepaald.",
    ),
    Phrase.NO_SHARING: (
        "The woman objected to sharing: this report must not leave the screening organisation.",
        "De cliënt maakte bezwaar tegen delen: dit verslag mag de screeningsorganisatie niet verlaten.",
    ),
    Phrase.WITHDRAWN_REQUEST: (
        "A recommendation of an earlier version of this report no longer holds",
        "Een advies uit een eerdere versie van dit verslag geldt niet meer",
    ),
}


def phrase(name: Phrase, language: Language, /, **places: object) -> str:
    """A sentence with its places filled.

    >>> phrase(Phrase.CLOCK, Language.DUTCH, hour=10)
    '10 uur'
    """
    return pick(PHRASES[name], language).format(**places)

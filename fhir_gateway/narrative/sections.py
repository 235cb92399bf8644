"""The content of the narrative as headed lists of lines, before it becomes plain text or HTML.

Nothing here names the woman: her identity is in the envelope that carries the text. Individual reads and who flagged
are never mentioned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from fhir_gateway import content
from fhir_gateway.content import plain
from fhir_gateway.narrative.phrases import Phrase, phrase
from fhir_gateway.narrative.words import role_word, word
from screening.domain.ai_read import AiStatus
from screening.domain.opinion import BreastOpinion, Finding
from screening.domain.report import Language, StructuredReport


@dataclass(frozen=True)
class Section:
    """A heading and its lines; a line that starts with two spaces belongs to the line above."""

    heading: str
    lines: tuple[str, ...]


def sections(report: StructuredReport, language: Language) -> tuple[Section, ...]:
    """The whole narrative in reading order. Raises ReportInvalid when the report contradicts itself."""
    parts = (
        (Phrase.TITLE, _head(report, language)),
        (Phrase.EXAMINATION, _examination(report, language)),
        (Phrase.OUTCOME, _outcome(report, language)),
        (Phrase.FINDINGS, _findings(report, language)),
        (Phrase.RECOMMENDATION, _recommendation(report, language)),
        (Phrase.AI, _ai(report, language)),
    )
    return tuple(Section(phrase(heading, language), tuple(lines)) for heading, lines in parts)


def summary(report: StructuredReport, language: Language) -> str:
    """Outcome, categories, recommendation and the sentence on AI in one paragraph (R4 DiagnosticReport.conclusion)."""
    lines = [
        *_outcome(report, language),
        *(_category(breast, language) for breast in content.breasts(report)),
        *_recommendation(report, language),
        phrase(Phrase.AI_NO_DECISION, language),
    ]
    return " ".join(line if line.endswith(".") else f"{line}." for line in lines)


def finding_line(finding: Finding, language: Language) -> str:
    """One lesion in one line: type, place, size, descriptors, category, remark."""
    described = (finding.quadrant, finding.depth, finding.shape, finding.margin, finding.density)
    parts = [word(finding.type, language)]
    if finding.size_mm is not None:
        parts.append(phrase(Phrase.SIZE, language, size=_number(finding.size_mm, language)))
    if finding.clock is not None:
        parts.append(phrase(Phrase.CLOCK, language, hour=finding.clock))
    parts += [word(value, language) for value in (*described, finding.morphology, finding.distribution) if value]
    if finding.category is not None:
        parts.append(f"BI-RADS {finding.category.value}")
    if plain(finding.comment):
        parts.append(phrase(Phrase.COMMENT, language, text=plain(finding.comment)))
    return ", ".join(parts)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _number(value: float, language: Language) -> str:
    text = f"{value:.10g}"
    return text.replace(".", ",") if language is Language.DUTCH else text


def _date(value: date, language: Language) -> str:
    return f"{value:%d-%m}-{value.year:04d}" if language is Language.DUTCH else value.isoformat()


def _head(report: StructuredReport, language: Language) -> Iterator[str]:
    status = word(report.status, language)
    yield phrase(Phrase.REPORT_LINE, language, status=status, id=plain(report.report_id), version=report.version)
    if report.supersedes is not None:
        yield phrase(Phrase.REPLACES, language, version=report.supersedes)
    if report.no_sharing:
        yield phrase(Phrase.NO_SHARING, language)
    yield phrase(Phrase.ORGANISATION, language, name=plain(report.organisation))


def _examination(report: StructuredReport, language: Language) -> Iterator[str]:
    if report.study_date is None:
        yield phrase(Phrase.DATE_UNKNOWN, language)
    else:
        yield phrase(Phrase.DATE, language, date=_date(report.study_date, language))
    if plain(report.accession_number):
        yield phrase(Phrase.ACCESSION, language, number=plain(report.accession_number))
    yield phrase(Phrase.TECHNIQUE_DBT if report.modality_is_dbt else Phrase.TECHNIQUE_2D, language)
    roles = ", ".join(role_word(plain(reader.role), language) for reader in report.readers)
    yield phrase(Phrase.READERS, language, roles=roles) if roles else phrase(Phrase.NO_READERS, language)
    yield phrase(Phrase.POLICY, language, policy=plain(report.policy))


def _outcome(report: StructuredReport, language: Language) -> Iterator[str]:
    yield word(report.outcome.kind, language)
    if plain(report.outcome.reason):
        yield phrase(Phrase.REASON, language, text=plain(report.outcome.reason))


def _category(breast: BreastOpinion, language: Language, template: Phrase = Phrase.CATEGORY) -> str:
    side = word(breast.laterality, language)
    words = word(breast.category, language)
    shown = _capital(side) if template is Phrase.CATEGORY else side
    return phrase(template, language, side=shown, category=breast.category.value, words=words)


def _findings(report: StructuredReport, language: Language) -> Iterator[str]:
    listed = content.breasts(report)
    if not listed:
        yield phrase(Phrase.NO_CATEGORY, language)
    for breast in listed:
        yield _category(breast, language)
        for number, finding in enumerate(breast.findings, 1):
            yield f"  {number}. {finding_line(finding, language)}"
    if report.density is not None:
        words = word(report.density, language)
        template = Phrase.DENSITY_AI if content.density_by_ai(report) else Phrase.DENSITY
        yield phrase(template, language, letter=report.density.value, words=words)


def _recommendation(report: StructuredReport, language: Language) -> Iterator[str]:
    yield _capital(word(content.recommendation(report), language))
    for fault in report.outcome.technical:
        view, reason = word(fault.slot, language), word(fault.reason, language)
        yield phrase(Phrase.REPEAT, language, view=view, reason=reason)
    for breast in report.outcome.standing_recall:
        yield _category(breast, language, Phrase.STANDING)


def ai_words(status: AiStatus | None, language: Language) -> str:
    """What became of the AI read; None means that AI took no part."""
    return phrase(Phrase.AI_NO_PART, language) if status is None else word(status, language)


def _ai(report: StructuredReport, language: Language) -> Iterator[str]:
    yield ai_words(report.ai.status, language)
    identity, score = report.ai.identity, content.ai_score(report)
    if identity is not None:
        yield phrase(Phrase.AI_PRODUCT, language, model=plain(identity.model), version=plain(identity.version))
    if score is not None:
        flag = phrase(Phrase.AI_FLAGGED if report.ai.flagged else Phrase.AI_NOT_FLAGGED, language)
        calibration = plain(report.ai.calibration_id or "")
        yield phrase(Phrase.AI_SCORE, language, score=score, calibration=calibration, flag=flag)
    if identity is not None and plain(identity.label):
        yield phrase(Phrase.AI_LABEL, language, label=plain(identity.label))
    yield phrase(Phrase.AI_NO_DECISION, language)

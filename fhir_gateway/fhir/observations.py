"""Observations: BI-RADS category per breast, breast composition, and one observation per lesion."""

from __future__ import annotations

from enum import StrEnum

from fhir_gateway import codes, content
from fhir_gateway.codes import Code
from fhir_gateway.content import plain
from fhir_gateway.fhir.elements import Json, JsonObject, compact, concept, millimetres, note, reference
from fhir_gateway.fhir.frame import Entry, Frame, side_key
from fhir_gateway.fhir.imaging import seen_on
from fhir_gateway.narrative.phrases import Phrase, phrase
from fhir_gateway.narrative.sections import ai_words
from fhir_gateway.narrative.words import word
from fhir_gateway.systems import IMAGING, LESION_ATTRIBUTE
from screening.domain.ai_read import BreastDensity
from screening.domain.opinion import BiRads, BreastOpinion, Finding
from screening.domain.report import Language


class Attribute(StrEnum):
    """What a component of a lesion observation describes; no published code for these questions is verified."""

    SHAPE = "shape"
    MARGIN = "margin"
    DENSITY = "density"
    MORPHOLOGY = "morphology"
    DISTRIBUTION = "distribution"
    QUADRANT = "quadrant"
    DEPTH = "depth"
    CLOCK = "clock"
    SIZE = "size"


def observation(frame: Frame, key: str, code: JsonObject, members: JsonObject) -> Entry:
    """R4 Observation of this report with the members they all share."""
    common = {
        "resourceType": "Observation",
        "status": frame.status,
        "category": [concept(IMAGING)],
        "code": code,
        "subject": frame.subject,
        "effectiveDateTime": frame.effective,
        "issued": frame.issued,
        "performer": [frame.organisation],
        "derivedFrom": [frame.study],
    }
    return frame.owned(key, compact({**common, **members}))


def findings(frame: Frame) -> tuple[Entry, ...]:
    """Every observation on the breasts: category per side, its lesions, then composition."""
    listed = content.breasts(frame.report)
    per_breast = [entry for breast in listed for entry in (_category(frame, breast), *_lesions(frame, breast))]
    density = frame.report.density
    return (*per_breast, *((_density(frame, density),) if density else ()))


def category_key(breast: BreastOpinion) -> str:
    """Key of the category observation of a breast."""
    return f"birads-{side_key(breast.laterality)}"


def category_concept(category: BiRads) -> JsonObject:
    """BI-RADS category as a concept whose text says the number and the words."""
    text = f"BI-RADS {category.value}: {word(category, Language.ENGLISH)}"
    return concept(codes.BIRADS[category], text=text)


def _category(frame: Frame, breast: BreastOpinion) -> Entry:
    members: JsonObject = {
        "bodySite": concept(codes.BREAST[breast.laterality]),
        "valueCodeableConcept": category_concept(breast.category),
    }
    return observation(frame, category_key(breast), _birads_question(), members)


def _birads_question() -> JsonObject:
    return concept(codes.BIRADS_QUESTION, text="BI-RADS assessment category")


def _density(frame: Frame, density: BreastDensity) -> Entry:
    text = f"Breast composition {density.value}: {word(density, Language.ENGLISH)}"
    members: JsonObject = {
        "bodySite": concept(codes.BOTH_BREASTS),
        "valueCodeableConcept": concept(codes.DENSITY[density], text=text),
        **(by_ai(frame) if content.density_by_ai(frame.report) else {}),
    }
    return observation(frame, "density", concept(codes.DENSITY_QUESTION, text="Breast composition"), members)


def by_ai(frame: Frame) -> JsonObject:
    """Members that mark a value as the AI reader's: the device, its label, and that AI decided nothing."""
    english, identity = Language.ENGLISH, frame.report.ai.identity
    label = plain(identity.label) if identity else ""
    said = (
        ai_words(frame.report.ai.status, english),
        phrase(Phrase.AI_LABEL, english, label=label) if label else "",
        phrase(Phrase.AI_NO_DECISION, english),
    )
    return {
        "device": reference(frame.url("ai"), "Device"),
        "note": note(" ".join(f"{part.rstrip('.')}." for part in said if part)),
    }


def _lesions(frame: Frame, breast: BreastOpinion) -> list[Entry]:
    side = side_key(breast.laterality)
    return [_lesion(frame, f"lesion-{side}-{number}", finding) for number, finding in enumerate(breast.findings, 1)]


def _lesion(frame: Frame, key: str, finding: Finding) -> Entry:
    members: JsonObject = {
        "bodySite": concept(codes.BREAST[finding.laterality]),
        "component": _components(finding),
        "derivedFrom": seen_on(frame, finding.locations),
        "note": note(finding.comment),
    }
    code = concept(codes.FINDING[finding.type], text=word(finding.type, Language.ENGLISH))
    return observation(frame, key, code, members)


def _components(finding: Finding) -> list[Json]:
    coded = _described(finding)
    parts: list[Json] = [_component(name, concept(code, text=text)) for name, code, text in coded]
    if finding.size_mm is not None:
        parts.append({"code": _question(Attribute.SIZE), "valueQuantity": millimetres(finding.size_mm)})
    if finding.category is not None:
        parts.append({"code": _birads_question(), "valueCodeableConcept": category_concept(finding.category)})
    return parts


def _described(finding: Finding) -> list[tuple[Attribute, Code, str]]:
    """Attribute, code and English word of every descriptor that is known."""
    english = Language.ENGLISH
    rows: list[tuple[Attribute, Code, str]] = []
    if finding.quadrant:
        rows.append((Attribute.QUADRANT, codes.QUADRANT[finding.quadrant], word(finding.quadrant, english)))
    if finding.clock:
        hour = phrase(Phrase.CLOCK, english, hour=finding.clock)
        rows.append((Attribute.CLOCK, codes.CLOCK_QUALIFIER[finding.clock], hour))
    if finding.depth:
        rows.append((Attribute.DEPTH, codes.DEPTH[finding.depth], word(finding.depth, english)))
    if finding.shape:
        rows.append((Attribute.SHAPE, codes.SHAPE[finding.shape], word(finding.shape, english)))
    if finding.margin:
        rows.append((Attribute.MARGIN, codes.MARGIN[finding.margin], word(finding.margin, english)))
    if finding.density:
        rows.append((Attribute.DENSITY, codes.MASS_DENSITY[finding.density], word(finding.density, english)))
    return rows + _calcification(finding)


def _calcification(finding: Finding) -> list[tuple[Attribute, Code, str]]:
    english = Language.ENGLISH
    rows: list[tuple[Attribute, Code, str]] = []
    if finding.morphology:
        code = codes.MORPHOLOGY[finding.morphology]
        rows.append((Attribute.MORPHOLOGY, code, word(finding.morphology, english)))
    if finding.distribution:
        code = codes.DISTRIBUTION[finding.distribution]
        rows.append((Attribute.DISTRIBUTION, code, word(finding.distribution, english)))
    return rows


def _question(name: Attribute) -> JsonObject:
    return concept(Code(LESION_ATTRIBUTE, name.value, f"Lesion {name.value}"))


def _component(name: Attribute, value: JsonObject) -> JsonObject:
    return {"code": _question(name), "valueCodeableConcept": value}

"""The words on a contact sheet; everything a person reads there comes from here, and no person's name is among it.

A read that is none is said to be none before anything else, whatever scores it carries.
"""

from __future__ import annotations

from dataclasses import dataclass

from screening.domain.ai_read import AiRead, BreastScore, Region
from screening.domain.evidence import breast_sentences
from screening.domain.opinion import FindingType
from screening.domain.quality import TEXTS
from screening.domain.study import Image, Laterality, Slot, Study

SIDE = {Laterality.RIGHT: "Right breast", Laterality.LEFT: "Left breast"}

TYPE_NAMES: dict[FindingType | None, str] = {
    None: "Region",
    **{kind: kind.value.replace("_", " ").capitalize() for kind in FindingType},
}

LEGEND = "Marks: lesion type, raw score; p: calibrated probability of cancer; dashed outline: not a read."


@dataclass(frozen=True)
class SheetText:
    """Text by place: title and subtitle, lines on the breasts, identity, label, quality notes, and the footer."""

    title: str
    subtitle: str
    breasts: tuple[str, ...]
    identity: tuple[str, ...]
    label: str
    footer: tuple[str, ...]
    quality: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """All of it, top to bottom."""
        return (self.title, self.subtitle, *self.breasts, *self.identity, self.label, *self.quality, *self.footer)


def percent(value: float) -> str:
    """A fraction as a percentage with two significant digits below ten.

    >>> percent(0.62), percent(0.034), percent(0.0012)
    ('62 %', '3.4 %', '0.12 %')
    """
    share = 100 * value
    return f"{share:.0f} %" if share >= 10 else f"{share:.2g} %"


def sheet_text(study: Study, read: AiRead) -> SheetText:
    """The words for one exam and its AI read."""
    return SheetText(
        title=_title(read),
        subtitle=_subtitle(read),
        breasts=tuple(line for score in sorted(read.breasts, key=_right_first) for line in _breast_lines(score, read)),
        identity=_identity(study, read),
        label=read.identity.label if read.identity else "",
        footer=_footer(study, read),
        quality=_quality(study, read),
    )


def _title(read: AiRead) -> str:
    return f"Exam score {read.exam_score} of 10" if read.usable else "Not a read"


def _subtitle(read: AiRead) -> str:
    if read.usable:
        probability = "" if read.probability is None else f", probability of cancer {percent(read.probability)}"
        return f"AI status ok, {'flagged' if read.flagged else 'not flagged'}{probability}{_prior(read)}"
    reasons = "; ".join(TEXTS[reason] for reason in read.reasons) or "no reason recorded"
    return f"AI status {read.status.value}: {reasons}"


def _prior(read: AiRead) -> str:
    return ", prior compared" if read.prior_used else ", no prior compared"


def _right_first(score: BreastScore) -> bool:
    return score.laterality is Laterality.LEFT


def _breast_lines(score: BreastScore, read: AiRead) -> tuple[str, ...]:
    """The score, and below it what the views and the prior say."""
    told = "; ".join(breast_sentences(score))
    return (_breast(score, read.usable), *([f"    {told}"] if told else []))


def _quality(study: Study, read: AiRead) -> tuple[str, ...]:
    """Remarks for the radiographer, by image; none of them is a reason to refuse."""
    notes = [f"{_name_of(study, note.sop_instance_uid)}: {note.text} ({note.measured})" for note in read.quality_notes]
    if notes:
        return (f"Image quality notes: {len(notes)}", *notes)
    return (f"Image quality: {read.quality_words}",) if read.quality_words else ()


def _breast(score: BreastScore, usable: bool) -> str:
    said = [f"{SIDE[score.laterality]}: raw score {percent(score.raw_score)}"]
    if usable and score.probability is not None:
        said.append(f"probability of cancer {percent(score.probability)}")
    if score.density is not None:
        said.append(f"density {score.density.value}")
    return ", ".join(said)


def _identity(study: Study, read: AiRead) -> tuple[str, ...]:
    when = study.header.study_date.isoformat() if study.header.study_date else "date unknown"
    exam = f"Study {when}, UID {study.study_instance_uid}"
    if read.identity is None:
        return ("No AI model was run", exam)
    made_by = f"{read.identity.product}, calibration {read.calibration_id or 'none'}"
    weights = f"weights {read.identity.weights_sha256[:12]}, engine {read.identity.engine} {read.identity.precision}"
    return (f"{made_by}, {weights}", exam)


def _footer(study: Study, read: AiRead) -> tuple[str, ...]:
    listed = [f"{_name_of(study, e.sop_instance_uid)}: {e.text}" for e in read.excluded]
    warned = [f"{_name_of(study, w.sop_instance_uid)}: warning, {w.text}" for w in read.warnings]
    heading = f"Excluded images: {len(listed)}" if listed else "Excluded images: none"
    return (heading, *listed, *warned, LEGEND)


def _name_of(study: Study, uid: str) -> str:
    found = next((image for image in study.images if image.sop_instance_uid == uid), None)
    tail = f"...{uid[-12:].lstrip('.')}"
    return f"{describe(found)} ({tail})" if found else f"object {tail}"


def describe(image: Image) -> str:
    """Side, view and kind in a few letters."""
    side = image.laterality.value if image.laterality else "?"
    view = image.view.value if image.view else "?"
    return f"{side} {view} {image.kind.value}"


def slot_name(slot: Slot) -> str:
    """Side and view as on a film.

    >>> slot_name(Slot.RMLO)
    'R MLO'
    """
    return f"{slot.laterality.value} {slot.view.value}"


def empty_reason(slot: Slot, study: Study, read: AiRead) -> str:
    """Why a slot shows no picture, in words."""
    if any(fill.slot is slot and fill.sop_instance_uid is not None for fill in read.slots):
        return "the picture cannot be shown"
    here = {image.sop_instance_uid: image for image in study.images if image.slot is slot}
    reasons = [exclusion.text for exclusion in read.excluded if exclusion.sop_instance_uid in here]
    if not reasons:
        reasons = [TEXTS[image.exclusion] for image in here.values() if image.exclusion is not None]
    if not reasons and here:
        reasons = [TEXTS[reason] for reason in read.reasons] or ["not chosen"]
    return "; ".join(dict.fromkeys(reasons)) or "no image of this view was received"


def mark_label(region: Region, usable: bool) -> str:
    """Lesion type and score of a mark; a probability only when the read is one."""
    said = f"{TYPE_NAMES[region.type]} {percent(region.raw_score)}"
    if usable and region.probability is not None:
        said += f", p {percent(region.probability)}"
    return said if region.location.frame is None else f"{said}, frame {region.location.frame}"

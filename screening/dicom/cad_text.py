"""The words of a CAD report: algorithm identification (TID 4019) and impression (TID 4002), in English.

Says for every read which software made it and that phantom-trained software is not for clinical use; names nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

from screening.dicom.cad_outcome import no_read_reason
from screening.domain.ai_read import AiIdentity, AiRead, BreastScore
from screening.domain.study import Laterality

SIDE = {Laterality.RIGHT: "Right breast", Laterality.LEFT: "Left breast"}


@dataclass(frozen=True)
class Algorithm:
    """Name, version and parameters as TID 4019 wants them."""

    name: str
    version: str
    parameters: tuple[str, ...] = ()


def algorithm_of(identity: AiIdentity, calibration_id: str | None) -> Algorithm:
    """Everything that can change a score, the label included."""
    return Algorithm(
        name=identity.model,
        version=identity.version,
        parameters=(
            f"weights sha256 {identity.weights_sha256}",
            f"preprocessing {identity.preprocessing} sha256 {identity.preprocessing_sha256}",
            f"engine {identity.engine}, precision {identity.precision}, runtime {identity.runtime}",
            f"calibration {calibration_id or 'none'}",
            identity.label,
        ),
    )


def percent(value: float) -> str:
    """A fraction as a percentage of two decimals at most.

    >>> percent(0.034)
    '3.4 %'
    """
    return f"{100 * value:.2f}".rstrip("0").rstrip(".") + " %"


def breast_sentence(score: BreastScore) -> str:
    """Raw score and, where calibrated, the probability of cancer of one breast."""
    said = f"{SIDE[score.laterality]}: raw score {percent(score.raw_score)}"
    if score.probability is not None:
        said += f", calibrated probability of cancer {percent(score.probability)}"
    return said + "."


def quality_sentence(read: AiRead) -> str:
    """Remarks on image quality by view, in words: coded quality findings of ours have no verified code."""
    slots = {fill.sop_instance_uid: fill.slot.value for fill in read.slots}
    by_view = dict.fromkeys(f"{slots.get(note.sop_instance_uid, 'retake')}: {note.text}" for note in read.quality_notes)
    return "; ".join(by_view)


def impression(read: AiRead, refused: int) -> str:
    """The overall impression: a score with its meaning, or that this is not a read and why.

    A read that is none carries no score in any form.
    """
    label = f" Software label: {read.identity.label}." if read.identity else ""
    if not read.usable:
        return f"Not a read ({read.status.value}): {no_read_reason(read)}.{label}"
    flag = "flagged" if read.flagged else "not flagged"
    said = [f"Exam score {read.exam_score} of 10 (decile of the reference population), {flag}."]
    said += [breast_sentence(score) for score in read.breasts]
    if read.density is not None:
        said.append(f"BI-RADS breast composition {read.density.value}.")
    if read.quality:
        said.append(f"Image quality notes: {quality_sentence(read)}.")
    elif read.quality_words:
        said.append(f"Image quality: {read.quality_words}.")
    if refused:
        said.append(f"Images not read: {refused}; see Failed Detections.")
    return " ".join(said) + label

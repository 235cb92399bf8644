"""The prior exam: whether it may serve, which of its images do, and what is said of those that do not.

A prior can only help. Whatever is wrong with one becomes a warning on the read, never a refusal of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from readers.ai.compose import Scored
from readers.ai.slots import fill_slots
from readers.ai.views import Stopwatch, ViewReader
from screening.domain.errors import NotFound
from screening.domain.identifiers import SopInstanceUid
from screening.domain.quality import Exclusion, ReasonCode
from screening.domain.study import Image, ImageKind, Slot, Study


@dataclass(frozen=True)
class Priors:
    """Views of the prior exam that the read compares with, and warnings about those that it does not."""

    views: Mapping[Slot, Scored] = field(default_factory=dict)
    warnings: tuple[Exclusion, ...] = ()

    @property
    def digests(self) -> tuple[str, ...]:
        """SHA-256 of the images that served, sorted."""
        return tuple(sorted(item.image.digest for item in self.views.values()))


def may_serve(study: Study, prior: Study) -> bool:
    """Whether it is an older exam of the same woman, both known for certain, and of one woman only."""
    woman, before = study.header.person, prior.header.person
    day, earlier = study.header.study_date, prior.header.study_date
    same = bool(woman.value) and woman == before and prior.quarantine is None
    return same and day is not None and earlier is not None and earlier < day


def read_priors(
    study: Study,
    prior: Study | None,
    slots: Collection[Slot],
    kinds: frozenset[ImageKind],
    reader: ViewReader,
    unfamiliar: Callable[[Scored], bool],
) -> Priors:
    """Read the prior's image of each of these slots. `unfamiliar` says which views the model does not know."""
    if prior is None:
        return Priors()
    wanted = [image for image in prior.images if image.slot in slots]
    if not may_serve(study, prior):
        return Priors(warnings=_warn(wanted, dict.fromkeys(_uids(wanted), ""), ReasonCode.PRIOR_REFUSED))
    selection = fill_slots(prior, kinds)
    chosen = [(slot, selection.chosen[slot]) for slot in Slot if slot in slots and slot in selection.chosen]
    try:
        answer = reader.read(chosen, Stopwatch())
    except NotFound as error:  # a file that is gone stops a read of its own exam, not of the next one
        return Priors(warnings=_warn(wanted, dict.fromkeys(_uids(wanted), error.code), ReasonCode.PRIOR_UNUSABLE))
    views = {item.slot: item for item in answer.scored if not unfamiliar(item)}
    why = {item.sop_instance_uid: item.reason.value for item in (*selection.excluded, *answer.refused)}
    why |= {i.image.sop_instance_uid: ReasonCode.OUT_OF_DISTRIBUTION.value for i in answer.scored if unfamiliar(i)}
    return Priors(views, _warn([image for image in wanted if image.slot not in views], why, ReasonCode.PRIOR_UNUSABLE))


def _warn(images: Iterable[Image], why: Mapping[SopInstanceUid, str], reason: ReasonCode) -> tuple[Exclusion, ...]:
    return tuple(
        Exclusion(image.sop_instance_uid, reason, why[image.sop_instance_uid])
        for image in images
        if image.sop_instance_uid in why
    )


def _uids(images: Iterable[Image]) -> list[SopInstanceUid]:
    return [image.sop_instance_uid for image in images]

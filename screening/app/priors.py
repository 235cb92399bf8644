"""The prior of each exam in a batch of files: an index by woman and day, because a batch may be a screening round."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from screening.domain.identifiers import PersonId, StudyInstanceUid
from screening.domain.study import Study


class BatchPriors:
    """Exams of a batch by woman, in order of their days; those without a woman's id or a day are nobody's prior."""

    def __init__(self, batch: Iterable[Study]) -> None:
        """Look at each exam once."""
        found: defaultdict[PersonId, list[tuple[date, StudyInstanceUid, Study]]] = defaultdict(list)
        for study in batch:
            day, woman = study.header.study_date, study.header.person
            if day is not None and woman.value:
                found[woman].append((day, study.study_instance_uid, study))
        self._exams = {woman: sorted(exams, key=lambda exam: exam[:2]) for woman, exams in found.items()}

    def latest(self, study: Study) -> Study | None:
        """The latest earlier exam of the same woman (issuer and id), of several on a day the last by UID, or None."""
        day = study.header.study_date
        exams = self._exams.get(study.header.person, [])
        before = bisect_left(exams, day, key=lambda exam: exam[0]) if day is not None else 0
        return exams[before - 1][2] if before else None

"""Corrections of headers that a site fills wrongly, as data: applied when an object is described, not to its bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pydicom.dataset import Dataset

from screening.dicom.elements import text

CORRECTABLE: Final = frozenset(
    {
        "AccessionNumber",
        "ImageLaterality",
        "InstitutionName",
        "IssuerOfPatientID",
        "Laterality",
        "Manufacturer",
        "ManufacturerModelName",
        "SoftwareVersions",
        "StudyID",
        "ViewPosition",
    }
)
"""Attributes a rule may set: who ordered, where, by which device, and which view; never who the woman is."""


@dataclass(frozen=True)
class HeaderRule:
    """Where every attribute of `when` matches its regular expression, `put` values and `copy` other attributes."""

    when: Mapping[str, str] = field(default_factory=dict)
    put: Mapping[str, str] = field(default_factory=dict)
    copy: Mapping[str, str] = field(default_factory=dict)

    def correct(self, dataset: Dataset) -> None:
        """Apply to a header in place, if it matches."""
        if not all(re.fullmatch(pattern, text(dataset, key)) for key, pattern in self.when.items()):
            return
        for key, source in self.copy.items():
            setattr(dataset, key, text(dataset, source))
        for key, value in self.put.items():
            setattr(dataset, key, value)

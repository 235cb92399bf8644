"""Asks the configured archives for priors, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from screening.dicom.network.caller import Station
from screening.dicom.network.query import earlier_studies, send_to_us
from screening.domain.study import Study


@dataclass(frozen=True)
class ArchivePriors:
    """The port `PriorSource` over DICOM archives; what they send comes in through our own listener."""

    stations: Sequence[Station]

    def fetch(self, study: Study) -> bool:
        """Have the latest earlier study sent by the first archive that has one; whether there was one."""
        header = study.header
        if header.study_date is None or not header.person.value:
            return False
        for station in self.stations:
            found = earlier_studies(station, header.person, header.study_date)
            if found:
                return send_to_us(station, found[0].study) > 0
        return False

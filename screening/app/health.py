"""How this installation is: its limits by the settings, its disk, and what its store says of the work."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from screening.app.settings import Settings
from screening.domain.vitals import Limits
from screening.workflow.check_up import Checkup, check_up
from screening.workflow.ports import Clock
from screening.workflow.vitals_ports import VitalSigns

MISSED: Final = 3
"""Self-tests that may fail to come through before the service counts as failing."""


def limits_of(settings: Settings) -> Limits:
    """What is still well in this installation; a self-test is expected only where the service listens for DICOM."""
    every = timedelta(minutes=settings.selftest_minutes)
    tested = settings.selftest_minutes > 0 and settings.dicom_port > 0
    return Limits(spare_bytes=settings.dicom_spare_mib << 20, selftest=MISSED * every if tested else None)


def checkup_of(settings: Settings, vitals: VitalSigns, clock: Clock) -> Callable[[], Checkup]:
    """Asks how the service is; it runs since now."""
    since, limits = clock.now(), limits_of(settings)

    def look() -> Checkup:
        return check_up(vitals, limits, shutil.disk_usage(settings.data_dir).free, since, clock)

    return look

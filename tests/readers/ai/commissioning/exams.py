"""Made-up evidence for commissioning: exams of one stratum whose scores tell cancers apart as well as wanted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from readers.ai.calibration import Stratum
from readers.ai.commissioning import limits
from readers.ai.commissioning.commission import Commissioned, Plan, commission
from readers.ai.commissioning.evidence import BreastEvidence, ExamEvidence
from tests.readers.ai.test_calibration import IDENTITY as KNOWN

STRATUM = Stratum("Maker", "Model", "1.0", "unit-a")
IDENTITY = KNOWN


def evidence(normals: int = 600, cancers: int = 80, separation: float = 2.5, seed: int = 1) -> list[ExamEvidence]:
    """Exams with two breasts; the breast with the cancer scores `separation` higher on the logit."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(normals + cancers):
        sick = number < cancers
        logits = rng.normal(-1.0, 0.8, 2) + np.array([separation if sick else 0.0, 0.0])
        raw = 1 / (1 + np.exp(-logits))
        breasts = (BreastEvidence("L", float(raw[0]), sick), BreastEvidence("R", float(raw[1]), False))
        views = rng.normal(size=(4, 5))
        made.append(ExamEvidence(STRATUM, date(2026, 1, 5), float(raw.max()), sick, breasts, descriptors=views))
    return made


def plan(local_ood: bool = False) -> Plan:
    """The shipped limits for local exams."""
    return Plan(limits.shipped("screening-1"), date(2026, 1, 5), "made-up exams", "cal-local", local_ood)


def commissioned(exams: Sequence[ExamEvidence] | None = None, local_ood: bool = False) -> Commissioned:
    """What these exams, or good ones, come to."""
    return commission(IDENTITY, STRATUM, evidence() if exams is None else exams, plan(local_ood), None)

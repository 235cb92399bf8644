"""Figures of merit for anything that scores mammograms: one report for phantoms and for real, labelled data alike.

numpy only; it never loads a network. Whoever has scores, marks and the truth calls `report.judge`.
"""

from models.evaluate.cases import BreastCase, ExamCase, Finding, Mark, ViewCase
from models.evaluate.froc import Froc, froc
from models.evaluate.reliability import Reliability, reliability
from models.evaluate.report import TestReport, judge
from models.evaluate.roc import AucEstimate, Estimate, auc, auc_with_interval, sensitivity_at

__all__ = [
    "AucEstimate",
    "BreastCase",
    "Estimate",
    "ExamCase",
    "Finding",
    "Froc",
    "Mark",
    "Reliability",
    "TestReport",
    "ViewCase",
    "auc",
    "auc_with_interval",
    "froc",
    "judge",
    "reliability",
    "sensitivity_at",
]

"""Parametric 2D mammography phantom: the truth is known because we put it there.

It trains and checks models; it is no evidence about women. numpy and scipy only, so importing it costs no torch.
"""

from models.phantom.exam import breast, exam
from models.phantom.population import screening_spec
from models.phantom.spec import (
    DENSITIES,
    LATERALITIES,
    LESION_KINDS,
    MAX_VALUE,
    VIEWS,
    ExamSpec,
    LesionSpec,
    LesionTruth,
    PhantomExam,
    PhantomView,
)
from models.phantom.vendors import STYLE_A, STYLE_B, STYLES, VendorStyle

__all__ = [
    "DENSITIES",
    "LATERALITIES",
    "LESION_KINDS",
    "MAX_VALUE",
    "STYLES",
    "STYLE_A",
    "STYLE_B",
    "VIEWS",
    "ExamSpec",
    "LesionSpec",
    "LesionTruth",
    "PhantomExam",
    "PhantomView",
    "VendorStyle",
    "breast",
    "exam",
    "screening_spec",
]

"""Parametric 3D breast phantom with mammography and tomosynthesis: the truth is known because we put it there.

It trains and checks models; it is no evidence about women. numpy and scipy only, so importing it costs no torch.
"""

from models.phantom.exam import breast, exam, for_processing, mammogram, windows
from models.phantom.population import screening_spec
from models.phantom.scene import Breast, Scene
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
    PhantomVolume,
    Positioning,
    VolumeTruth,
)
from models.phantom.tomosynthesis import reconstruction, tomosynthesis
from models.phantom.vendors import STYLE_A, STYLE_B, STYLE_C, STYLES, TRAINING_STYLES, VendorStyle

__all__ = [
    "DENSITIES",
    "LATERALITIES",
    "LESION_KINDS",
    "MAX_VALUE",
    "STYLES",
    "STYLE_A",
    "STYLE_B",
    "STYLE_C",
    "TRAINING_STYLES",
    "VIEWS",
    "Breast",
    "ExamSpec",
    "LesionSpec",
    "LesionTruth",
    "PhantomExam",
    "PhantomView",
    "PhantomVolume",
    "Positioning",
    "Scene",
    "VendorStyle",
    "VolumeTruth",
    "breast",
    "exam",
    "for_processing",
    "mammogram",
    "reconstruction",
    "screening_spec",
    "tomosynthesis",
    "windows",
]

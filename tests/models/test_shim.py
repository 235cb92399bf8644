"""What importing costs and touches: phantom, preprocessing and registry must stay free of torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(code: str) -> str:
    """Run code in a fresh interpreter with warnings as errors; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("module", ["registry", "phantom", "preprocess", "predict", "cards", "engines.protocol"])
def test_importing_what_callers_import_costs_no_torch(module: str) -> None:
    assert run(f"import sys, models.{module}; print('torch' in sys.modules, 'timm' in sys.modules)") == "False False"


def test_timm_imports_behind_the_shim_and_compiled_operators_stay_unavailable_loudly() -> None:
    code = """
from models.torchvision_shim import make_importable
make_importable()
make_importable()
import timm, torch
try:
    torch.ops.torchvision.nms(torch.zeros(1, 4), torch.zeros(1), 0.5)
    print("compiled")
except (RuntimeError, NotImplementedError):
    print("declared")
"""
    assert run(code) in {"declared", "compiled"}

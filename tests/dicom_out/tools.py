"""Outside validators, and how their answers are read; absent tools skip a test, and fail it in CI."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import numpy as np
import pydicom
import pydicom.filereader
import pytest
from numpy.typing import NDArray
from PIL import Image as PilImage
from pydicom.uid import DeflatedExplicitVRLittleEndian, HTJ2KLossless

_NO_LIMITS = [f"-Djdk.xml.{name}=0" for name in ("xpathExprGrpLimit", "xpathExprOpLimit", "xpathTotalOpLimit")]
PIXELMED_JAR = Path("/usr/share/java/pixelmed.jar")

FALSE_ALARMS = (
    "Unrecognized defined term <CC>",
    "Unrecognized defined term <MLO>",
    "Value is not an allowed empty value",
)
"""dciodvfy of 2022 does not know these legal values (reference page of DICOM, section 1)."""

NOT_IN_GROUP = 'Code (71651007,SCT,"Mammography") not found in context group 100'
"""CID 100 is extensible; the 2022 edition lists plain X-ray only."""

SPELLING = "has different code meaning"
"""DicomSRValidator of 2022 compares meanings letter by letter, two of them with its own misprints."""


def _missing(name: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"{name} is missing in CI")
    pytest.skip(f"{name} is not installed")


def iod_errors(path: Path) -> list[str]:
    """Error lines of dciodvfy, known false alarms left out."""
    tool = shutil.which("dciodvfy")
    if tool is None:
        _missing("dciodvfy (Debian dicom3tools)")
    done = subprocess.run([tool, str(_readable(path))], capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).splitlines()
    return [line for line in lines if line.startswith("Error") and not any(known in line for known in FALSE_ALARMS)]


def _readable(path: Path) -> Path:
    """The file itself, or a native copy: dciodvfy of 2022 inflates no data set and does not know HTJ2K."""
    syntax = pydicom.filereader.read_file_meta_info(path).TransferSyntaxUID
    target = path.with_name(f"{path.stem}-native.dcm")
    if syntax == HTJ2KLossless:
        dataset = pydicom.dcmread(path)
        dataset.decompress(decoding_plugin="pylibjpeg", generate_instance_uid=False)
        dataset.save_as(target)
        return target
    if syntax != DeflatedExplicitVRLittleEndian:
        return path
    subprocess.run([_dcmtk("dcmconv"), "+te", str(path), str(target)], check=True)
    return target


def template_complaints(path: Path, template: str = "TID_4000") -> list[str]:
    """What DicomSRValidator says beyond progress, spelling and known false alarms; it must have found the template."""
    java = shutil.which("java")
    if java is None or shutil.which("DicomSRValidator") is None or not PIXELMED_JAR.is_file():
        _missing("DicomSRValidator (Debian pixelmed-apps)")
    command = [java, *_NO_LIMITS, "-cp", str(PIXELMED_JAR), "com.pixelmed.validate.DicomSRValidator", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).splitlines()
    assert any(f"Found Root Template {template}" in line for line in lines), lines
    progress = ("Found ", "Root Template Validation Complete", "IOD validation complete")
    known = (SPELLING, NOT_IN_GROUP)
    return [
        line for line in lines if line.strip() and not line.startswith(progress) and not any(k in line for k in known)
    ]


def state_complaints(path: Path) -> list[str]:
    """What dcmpschk says of a presentation state beyond that it tests and passes it."""
    done = subprocess.run([_dcmtk("dcmpschk"), str(path)], capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).splitlines()
    said = [line for line in lines if line.strip() and "Testing:" not in line and "Test passed" not in line]
    return said if done.returncode == 0 else [*said, f"exit status {done.returncode}"]


def shown_with_state(image: Path, state: Path, target: Path) -> NDArray[np.uint8]:
    """The image as DCMTK shows it under a presentation state, (rows, columns), 0 to 255."""
    command = [_dcmtk("dcmp2pgm"), "--pstate", str(state), str(image), str(target)]
    subprocess.run(command, capture_output=True, check=True)
    with PilImage.open(target) as shown:
        return np.asarray(shown)


def _dcmtk(name: str) -> str:
    tool = Path("/usr/bin") / name
    if not tool.is_file():
        _missing(f"{name} (Debian dcmtk)")
    return str(tool)

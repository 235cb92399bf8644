"""A reader plug-in that decodes one image and scores its mean: the way of a real one without a network.

`installed` declares it as an installed package would, for this process and for those that it starts.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from readers.plugins.contract import GROUP, ReaderContext, Scope
from screening.domain.ai_read import AiIdentity, AiRead, AiStatus
from screening.domain.quality import Exclusion, ReasonCode
from screening.domain.study import Study
from screening.workflow.ports import PixelSource
from screening.workflow.read_by_ai import refused_read

REPOSITORY = Path(__file__).resolve().parents[3]
NAME = "scripted"


class ScriptedReader:
    """Never commissioned, so that its scores are no reads; `model` is the version."""

    scope = Scope()
    fingerprint = "scripted"

    def __init__(self, context: ReaderContext) -> None:
        """The context names the version."""
        version = context.model or "1"
        weights = version.rjust(64, "0")
        self.identity = AiIdentity(NAME, version, weights, "mean", "0" * 64, "numpy", "f32", "none", "phantom-trained")

    def read(self, study: Study, pixels: PixelSource, site: str, prior: Study | None = None) -> AiRead:
        """The mean of the first image as raw score, or a refusal where it cannot be decoded."""
        mean = float(pixels.load(study.images[0]).pixels.mean())
        read = refused_read(study, AiStatus.UNCALIBRATED, ReasonCode.STRATUM_UNCALIBRATED)
        listed = tuple(Exclusion(image.sop_instance_uid, ReasonCode.STRATUM_UNCALIBRATED) for image in study.images)
        return replace(read, identity=self.identity, raw_score=mean, excluded=listed, prior_used=prior is not None)


def scripted(context: ReaderContext) -> ScriptedReader:
    """The factory behind the entry point."""
    return ScriptedReader(context)


def installed(folder: Path) -> dict[str, str]:
    """Declare the plug-in in a folder; returns the environment of processes that are to find it."""
    package = folder / "scripted-1.0.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: scripted\nVersion: 1.0\n", encoding="utf-8")
    points = f"[{GROUP}]\n{NAME} = tests.app.rescoring.scripted_plugin:scripted\n"
    (package / "entry_points.txt").write_text(points, encoding="utf-8")
    return {"PYTHONPATH": f"{folder}:{REPOSITORY}", "SECONDREAD_READERS": NAME}

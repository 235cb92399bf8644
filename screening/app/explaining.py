"""Writes the explanation of a read beside it: `explanation/` with one JSON document and its pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from screening.domain.ai_read import AiRead
from screening.domain.study import Slot
from screening.workflow.ports import AiReader, PresentationImage

FOLDER = "explanation"


def write_explanation(read: AiRead, pictures: Mapping[Slot, PresentationImage], reader: AiReader, folder: Path) -> None:
    """Write the files into `folder`/explanation.

    Saliency is asked of readers that have it, and only for reads which that very model signed: a volume is read by
    another one, whose map belongs to slabs.
    """
    from readers.ai.explain.explaining import explain

    salient = getattr(reader, "saliency", None) if read.identity == reader.identity else None
    out = folder / FOLDER
    out.mkdir()
    for name, content in explain(read, pictures, salient or (lambda _picture: None)).items():
        (out / name).write_bytes(content)

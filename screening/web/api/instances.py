"""Take DICOM instances in over HTTP: stored safely before the answer, described, and a case opened."""

from __future__ import annotations

from pathlib import Path
from tempfile import NamedTemporaryFile

from fastapi import APIRouter, UploadFile

from screening.web.dependencies import Ops
from screening.web.operations import Operations
from screening.workflow.attention import Attention, attention
from screening.workflow.intake import Received, receive_file
from screening.workflow.open_case import open_cases

router = APIRouter(prefix="/instances", tags=["instances"])


@router.post("", status_code=201)
def receive_instances(files: list[UploadFile], ops: Ops) -> list[Received]:
    """Store every file; the answer says what each one is, or why it was refused. Sending a file again is harmless.

    Cases are opened for the studies that arrived; call again with late images of a study and its case is told.
    """
    received = [_receive(upload, ops) for upload in files]
    open_cases(ops.units, ops.clock, received, ops.policy(), ops.unit)
    return received


@router.get("/attention")
def list_attention(ops: Ops) -> list[Attention]:
    """Refused files and quarantined instances that wait for a person, each with its reason code."""
    with ops.units() as uow:
        return attention(uow)


def _receive(upload: UploadFile, ops: Operations) -> Received:
    with NamedTemporaryFile(prefix="upload-", suffix=".dcm") as scratch:
        while block := upload.file.read(1 << 20):
            scratch.write(block)
        scratch.flush()
        return receive_file(ops.units, ops.files, ops.instances, Path(scratch.name), ops.clock)

"""A reader behind HTTP: GET /info says who it is, POST /read reads a study. It never raises for a bad exam.

The service answers for an exam and for itself in each reply; one that has become another model since it was asked is
not believed.
"""

from __future__ import annotations

import hashlib
from typing import Final
from urllib.parse import urlsplit

from readers.ai.calibration import Calibrations
from readers.external.answer import Answer, no_answer, read_of
from readers.external.marks import Mark
from readers.external.remote_call import CallFailed, RemoteCalls
from readers.external.remote_schema import API_VERSION, Info, Reply, Request
from readers.plugins.contract import ReaderContext, RemoteOptions, Scope, SendMode
from screening.domain.ai_read import NOT_STATED, AiIdentity, AiRead, AiStatus
from screening.domain.errors import InvalidInput, ModelUnusable
from screening.domain.identifiers import SopInstanceUid
from screening.domain.quality import ReasonCode
from screening.domain.study import Image, Study
from screening.workflow.ports import FileLocator, PixelSource

LABEL: Final = "another product, read over HTTP"


class RemoteReader:
    """Sends the images of its scope and turns the reply into an AI read; decodes no pixel."""

    def __init__(
        self, calls: RemoteCalls, info: Info, files: FileLocator, calibrations: Calibrations, send: SendMode
    ) -> None:
        """`info` is what the service said when it was first asked."""
        self._calls = calls
        self._info = info
        self._files = files
        self._calibrations = calibrations
        self._send = send
        said = info.scope
        self.scope = Scope(frozenset(said.kinds), frozenset(said.views), frozenset(said.manufacturers), said.ages)

    @property
    def identity(self) -> AiIdentity:
        """The model the service named."""
        return AiIdentity(
            model=self._info.modelName,
            version=self._info.modelVersion,
            weights_sha256=NOT_STATED,
            preprocessing=f"http-reader-{API_VERSION}",
            preprocessing_sha256=NOT_STATED,
            engine="http",
            precision=NOT_STATED,
            runtime=f"api {self._info.apiVersion}",
            label=self._info.label or LABEL,
        )

    @property
    def fingerprint(self) -> str:
        """Calibrations in force, the model named, and what is sent."""
        said = hashlib.sha256(self._info.model_dump_json().encode()).hexdigest()
        return f"{self._calibrations.fingerprint} {said} {self._send}"

    def read(self, study: Study, pixels: PixelSource, site: str, prior: Study | None = None) -> AiRead:
        """Have the service read a study; every failure is a status with its reason. Raises NotFound for lost files."""
        sent = self._images(study)
        try:
            reply = self._call(study, sent)
        except CallFailed as failed:
            return no_answer(study, self.identity, failed.status, failed.reason)
        if not self._answers(reply, study, sent):
            return no_answer(study, self.identity, AiStatus.FAILED, ReasonCode.ANSWER_INVALID)
        if reply.status == "refused":
            return no_answer(study, self.identity, AiStatus.UNSUPPORTED, ReasonCode.NOT_READ_BY_PRODUCT)
        return read_of(study, self._answer(reply, sent), self._calibrations, site)

    def _images(self, study: Study) -> dict[SopInstanceUid, Image]:
        """Usable images of the scope by UID, in order of UID, so that the order of arrival changes nothing."""
        fit = [
            i for i in study.images if i.exclusion is None and i.kind in self.scope.kinds and i.view in self.scope.views
        ]
        return {image.sop_instance_uid: image for image in sorted(fit, key=lambda image: image.sop_instance_uid)}

    def _call(self, study: Study, sent: dict[SopInstanceUid, Image]) -> Reply:
        request = Request(studyInstanceUid=study.study_instance_uid, sopInstanceUids=tuple(sent))
        if self._send is SendMode.IDS:
            return self._calls.read_ids(request)
        return self._calls.read_files(request, {uid: self._files.path(image.digest) for uid, image in sent.items()})

    def _answers(self, reply: Reply, study: Study, sent: dict[SopInstanceUid, Image]) -> bool:
        """Whether the reply is of this exam, of these images and of the model that was asked."""
        model = (reply.modelName, reply.modelVersion) == (self._info.modelName, self._info.modelVersion)
        return model and reply.studyInstanceUid == study.study_instance_uid and set(reply.imagesRead) <= set(sent)

    def _answer(self, reply: Reply, sent: dict[SopInstanceUid, Image]) -> Answer:
        marks = (Mark(SopInstanceUid(f.sopInstanceUid), f.frame, f.box, None, f.type, f.score) for f in reply.findings)
        return Answer(
            identity=self.identity,
            read=frozenset(map(SopInstanceUid, reply.imagesRead)),
            marks=tuple(marks),
            digests=tuple(sorted(image.digest for image in sent.values())),
            exam_raw=reply.score,
            breasts={breast.laterality: breast.score for breast in reply.breasts},
            density=reply.density,
        )


def checked_options(options: RemoteOptions) -> RemoteOptions:
    """The options when they can be used. Raises InvalidInput."""
    parts = urlsplit(options.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput("the HTTP reader needs the URL of its service, http://... or https://...")
    if options.timeout_s <= 0:
        raise InvalidInput("the HTTP reader needs a time limit above zero")
    return options


def http(context: ReaderContext) -> RemoteReader:
    """The factory behind the entry point `http`; asks the service who it is.

    Raises InvalidInput for unusable settings, ModelUnusable when the service does not say who it is.
    """
    options = checked_options(context.remote)
    calls = RemoteCalls(options)
    try:
        info = calls.info()
    except CallFailed as failed:
        raise ModelUnusable(f"the HTTP reader does not say who it is: {failed.reason.value}") from failed
    return RemoteReader(calls, info, context.files, context.calibrations, options.send)

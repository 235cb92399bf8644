"""Calls of a remote reader that end: in time, in size, and as one of a few codes, whatever the other side does.

Nothing it sends is logged or quoted: an error page may hold a woman's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic
from typing import IO, Final, TypeVar

import httpx2
from pydantic import ValidationError

from readers.external.remote_schema import Info, Message, Reply, Request
from readers.plugins.contract import RemoteOptions
from screening.domain.ai_read import AiStatus
from screening.domain.quality import ReasonCode

MAX_ANSWER_BYTES: Final = 4 << 20
"""A thousand findings have some 200 kB."""

Document = TypeVar("Document", bound=Message)


class CallFailed(Exception):
    """A call that gave no answer, with the status and the reason of the read; no error of the service."""

    def __init__(self, status: AiStatus, reason: ReasonCode) -> None:
        """Keep both."""
        super().__init__(reason.value)
        self.status = status
        self.reason = reason


class _Upload:
    """A file that stops being read when the time is over, so that a slow receiver cannot stretch a call."""

    def __init__(self, stream: IO[bytes], check: Callable[[], None]) -> None:
        self._stream = stream
        self._check = check

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        self._check()
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move, to learn the length."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Where we are."""
        return self._stream.tell()


class RemoteCalls:
    """A client of one service. Redirects are not followed: studies go where the settings say and nowhere else."""

    def __init__(self, options: RemoteOptions, seconds: Callable[[], float] = monotonic) -> None:
        """`seconds` is a monotonic clock."""
        headers = {"Authorization": f"Bearer {options.token}"} if options.token else {}
        self._client = httpx2.Client(
            base_url=options.url, headers=headers, timeout=options.timeout_s, follow_redirects=False, trust_env=False
        )
        self._timeout_s = options.timeout_s
        self._seconds = seconds

    def info(self) -> Info:
        """GET /info. Raises CallFailed."""
        check = self._deadline()
        with self._failures():
            return _parsed(Info, self._send(self._client.build_request("GET", "/info"), check))

    def read_ids(self, request: Request) -> Reply:
        """POST /read with ids only. Raises CallFailed."""
        check = self._deadline()
        headers = {"Content-Type": "application/json"}
        with self._failures():
            sent = self._client.build_request("POST", "/read", content=request.model_dump_json(), headers=headers)
            return _parsed(Reply, self._send(sent, check))

    def read_files(self, request: Request, files: Mapping[str, Path]) -> Reply:
        """POST /read with the files, streamed, under neutral names. Raises CallFailed."""
        check = self._deadline()
        with self._failures(), ExitStack() as opened:
            parts = [
                ("files", (f"{number}.dcm", _Upload(opened.enter_context(path.open("rb")), check), "application/dicom"))
                for number, path in enumerate(files.values(), start=1)
            ]
            study = {"study": request.model_dump_json()}
            sent = self._client.build_request("POST", "/read", data=study, files=parts)  # type: ignore[arg-type]
            return _parsed(Reply, self._send(sent, check))

    def _deadline(self) -> Callable[[], None]:
        """A check that raises once this call has taken its time."""
        end = self._seconds() + self._timeout_s

        def check() -> None:
            if self._seconds() > end:
                raise CallFailed(AiStatus.TIMED_OUT, ReasonCode.TIMED_OUT)

        return check

    def _send(self, request: httpx2.Request, check: Callable[[], None]) -> bytes:
        response = self._client.send(request, stream=True)
        try:
            if response.status_code != httpx2.codes.OK:
                raise CallFailed(AiStatus.FAILED, ReasonCode.MODEL_FAILED)
            body = bytearray()
            for chunk in response.iter_bytes():
                check()
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise CallFailed(AiStatus.FAILED, ReasonCode.ANSWER_INVALID)
        finally:
            response.close()
        check()
        return bytes(body)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Failures of the network as codes."""
        try:
            yield
        except httpx2.TimeoutException as error:
            raise CallFailed(AiStatus.TIMED_OUT, ReasonCode.TIMED_OUT) from error
        except httpx2.ConnectError as error:
            raise CallFailed(AiStatus.FAILED, ReasonCode.READER_UNREACHABLE) from error
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
            raise CallFailed(AiStatus.FAILED, ReasonCode.MODEL_FAILED) from error


def _parsed(form: type[Document], body: bytes) -> Document:
    try:
        return form.model_validate_json(body)
    except ValidationError as error:
        raise CallFailed(AiStatus.FAILED, ReasonCode.ANSWER_INVALID) from error

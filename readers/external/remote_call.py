"""Calls of a remote reader that end: in time, in size, and as one of a few codes, whatever the other side does.

Nothing it sends is logged or quoted: an error page may hold a woman's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from socket import SHUT_RDWR, socket
from time import monotonic
from typing import IO, Any, Final, TypeVar

import httpx2
from pydantic import ValidationError

from readers.external.remote_schema import Info, Message, Reply, Request
from readers.plugins.contract import RemoteOptions
from screening.domain.ai_read import AiStatus
from screening.domain.quality import ReasonCode

MAX_ANSWER_BYTES: Final = 4 << 20
"""A thousand findings have some 200 kB."""

CONNECTED: Final = frozenset({"connection.connect_tcp.complete", "connection.start_tls.complete"})
"""Steps of httpx's trace that give a connection."""

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


@dataclass(frozen=True)
class _Call:
    """One request under way, over a connection of its own; `check` raises once its time is over."""

    client: httpx2.Client
    check: Callable[[], None]
    opened: list[socket] = field(default_factory=list)

    def cut_off(self) -> None:
        """End the conversation; whoever waits for the other side waits no longer. From any thread, unlike closing."""
        for connection in self.opened:
            with suppress(OSError):
                socket.shutdown(connection, SHUT_RDWR)  # not the one of TLS, which would wait for the other side

    def info(self) -> Info:
        return _parsed(Info, self._send(self.client.build_request("GET", "/info")))

    def read_ids(self, request: Request) -> Reply:
        headers = {"Content-Type": "application/json"}
        sent = self.client.build_request("POST", "/read", content=request.model_dump_json(), headers=headers)
        return _parsed(Reply, self._send(sent))

    def read_files(self, request: Request, files: Iterable[Path]) -> Reply:
        with ExitStack() as opened:
            parts = [
                ("files", (f"{n}.dcm", _Upload(opened.enter_context(path.open("rb")), self.check), "application/dicom"))
                for n, path in enumerate(files, start=1)
            ]
            study = {"study": request.model_dump_json()}
            sent = self.client.build_request("POST", "/read", data=study, files=parts)  # type: ignore[arg-type]
            return _parsed(Reply, self._send(sent))

    def _send(self, request: httpx2.Request) -> bytes:
        request.extensions = {**request.extensions, "trace": self._trace}
        response = self.client.send(request, stream=True)
        try:
            return self._body(response)
        finally:
            response.close()

    def _body(self, response: httpx2.Response) -> bytes:
        if response.status_code != httpx2.codes.OK:
            raise CallFailed(AiStatus.FAILED, ReasonCode.MODEL_FAILED)
        body = bytearray()
        for chunk in response.iter_bytes():
            self.check()
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                raise CallFailed(AiStatus.FAILED, ReasonCode.ANSWER_INVALID)
        return bytes(body)

    def _trace(self, step: str, about: Mapping[str, Any]) -> None:
        """Told of every step of a request: a call that was given up while it connected goes no further."""
        if step in CONNECTED:
            self.opened.append(about["return_value"].get_extra_info("socket"))
        self.check()


class RemoteCalls:
    """Calls of one service. Redirects are not followed: studies go where the settings say and nowhere else.

    The time limit is one for the whole call. A time limit of the socket starts anew with every byte, so a call runs in
    a thread that is waited for no longer than that, and has its connection cut off then.
    """

    def __init__(self, options: RemoteOptions, seconds: Callable[[], float] = monotonic) -> None:
        """`seconds` is a monotonic clock."""
        self._options = options
        self._seconds = seconds
        self._tls = httpx2.create_ssl_context(trust_env=False)

    def info(self) -> Info:
        """GET /info. Raises CallFailed."""
        return self._within(_Call.info)

    def read_ids(self, request: Request) -> Reply:
        """POST /read with ids only. Raises CallFailed."""
        return self._within(lambda call: call.read_ids(request))

    def read_files(self, request: Request, files: Mapping[str, Path]) -> Reply:
        """POST /read with the files, streamed, under neutral names. Raises CallFailed."""
        return self._within(lambda call: call.read_files(request, files.values()))

    def _within(self, ask: Callable[[_Call], Document]) -> Document:
        """What the call answers, looking up the name, connecting, headers and body included in its time."""
        with _failures():
            call, worker = _Call(self._client(), self._deadline()), ThreadPoolExecutor(1, "remote-reader")
            try:
                return worker.submit(_asked, call, ask).result(self._options.timeout_s)
            except TimeoutError as error:
                raise CallFailed(AiStatus.TIMED_OUT, ReasonCode.TIMED_OUT) from error
            finally:
                call.cut_off()
                worker.shutdown(wait=False)

    def _client(self) -> httpx2.Client:
        options = self._options
        return httpx2.Client(
            base_url=options.url,
            headers={"Authorization": f"Bearer {options.token}"} if options.token else {},
            timeout=options.timeout_s,
            verify=self._tls,
            follow_redirects=False,
            trust_env=False,
        )

    def _deadline(self) -> Callable[[], None]:
        """A check that raises once this call has taken its time."""
        end = self._seconds() + self._options.timeout_s

        def check() -> None:
            if self._seconds() > end:
                raise CallFailed(AiStatus.TIMED_OUT, ReasonCode.TIMED_OUT)

        return check


def _asked(call: _Call, ask: Callable[[_Call], Document]) -> Document:
    """The answer; the thread that opened the connection closes it."""
    with call.client:
        return ask(call)


@contextmanager
def _failures() -> Iterator[None]:
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

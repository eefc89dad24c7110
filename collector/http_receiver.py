"""OTLP/HTTP and CloudEvents: one small ASGI application, served by uvicorn on a socket of its own.

Paths: /v1/traces, /v1/logs (protobuf and JSON), /v1/events (CloudEvents). Anything else is 404, which by the OTLP
specification an exporter must not repeat; that is how /v1/metrics is refused. Every failure carries a
google.rpc.Status in the encoding of the request.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import uvicorn
from google.protobuf import json_format

from collector.cloudevents import handshake, read_events
from collector.http_body import Body
from collector.intake import Intake, Refusal, Running
from collector.listening import listening_socket
from collector.otlp_json import read_json
from collector.requests import Accepted, accept_aside, accept_message, accept_own
from collector.segment import Signal
from collector.slow_senders import impatient
from collector.status import response_of, status_of
from collector.tls import Tls
from model import Refused

_PROTOBUF = "application/x-protobuf"
_JSON = "application/json"
_SIGNALS = {"/v1/traces": Signal.TRACES, "/v1/logs": Signal.LOGS}
_EVENTS = "/v1/events"

_Receive = Callable[[], Awaitable[Any]]
_Send = Callable[[Any], Awaitable[None]]


class HttpApplication:
    """The ASGI application; `connections` says how many there are now."""

    def __init__(self, intake: Intake, connections: Callable[[], int]) -> None:
        self._intake = intake
        self._connections = connections

    async def __call__(self, scope: Any, receive: _Receive, send: _Send) -> None:
        if scope["type"] != "http":
            return
        headers, body = _headers(scope), Body(receive)
        is_event = scope["path"] == _EVENTS
        protocol = "cloudevents" if is_event else "http_json" if _media_type(headers) == _JSON else "http_protobuf"
        try:
            if self._connections() > (most := self._intake.limits.connections):
                raise Refusal("connections", f"more than {most} connections are open; send again later, or over fewer")
            if is_event and scope["method"] == "OPTIONS":
                await _respond(send, 200, b"", handshake(headers))
                return
            with self._intake.request() as running:
                self._check(scope)
                principal = self._intake.principal(headers.get("authorization"))
                accepted = await self._read(scope["path"], headers, body, running)
                await self._intake.store(principal, accepted, protocol)
        except Refused as error:
            await self._refuse(send, self._intake.refused(error, protocol), headers, body, is_event=is_event)
            return
        if is_event:
            await _respond(send, 202, b"", {})
            return
        response = response_of(accepted, self._intake.limits.nesting)
        if protocol == "http_json":
            await _respond(
                send, 200, json_format.MessageToJson(response, indent=None).encode(), {"content-type": _JSON}
            )
        else:
            await _respond(send, 200, response.SerializeToString(), {"content-type": _PROTOBUF})

    def _check(self, scope: Any) -> None:
        # The server's own bound is on what is still incomplete after a read, not on what came in one.
        if sum(len(name) + len(value) for name, value in scope["headers"]) > self._intake.limits.header_bytes:
            raise Refusal("headers_too_large", f"the headers are larger than {self._intake.limits.header_bytes} bytes")
        if scope["path"] not in _SIGNALS and scope["path"] != _EVENTS:
            raise Refusal("not_supported", "not served here; this port takes /v1/traces, /v1/logs and /v1/events")
        if scope["method"] != "POST":
            raise Refusal("method", "only POST is answered here")

    async def _read(self, path: str, headers: Mapping[str, str], content: Body, running: Running) -> Accepted:
        media_type = _media_type(headers)
        if path != _EVENTS and media_type not in (_PROTOBUF, _JSON):
            raise Refusal("media_type", f"the content type must be {_PROTOBUF} or {_JSON}")
        aside, limits = self._intake.aside, self._intake.limits
        body, nesting = await content.read(headers, limits, running, aside), limits.nesting
        if path == _EVENTS:
            now = self._intake.clock.now()
            return await aside.run(len(body), lambda: accept_own(Signal.LOGS, read_events(headers, body, limits, now)))
        signal = _SIGNALS[path]
        if media_type == _JSON:
            return await aside.run(len(body), lambda: accept_message(signal, read_json(signal, body), nesting))
        return await accept_aside(signal, body, nesting, aside)

    async def _refuse(
        self, send: _Send, refusal: Refusal, headers: Mapping[str, str], body: Body, *, is_event: bool
    ) -> None:
        status = status_of(refusal, self._intake.limits.retry_seconds)
        more = {}
        if headers.get("expect", "").lower() == "100-continue" and not body.is_begun:
            more["connection"] = "close"  # the body is not sent before we ask for it, and we will not
        else:
            await body.discard()
        if refusal.answer.retryable:
            more["retry-after"] = str(self._intake.limits.retry_seconds)
        if refusal.reason == "method":
            more["allow"] = "POST"
        if refusal.reason == "unauthenticated":
            more["www-authenticate"] = "Bearer"
        if refusal.reason == "connections":
            more["connection"] = "close"
        if _media_type(headers) == _PROTOBUF and not is_event:
            await _respond(send, refusal.answer.http, status.SerializeToString(), {"content-type": _PROTOBUF, **more})
        else:
            text = json_format.MessageToJson(status, indent=None).encode()
            await _respond(send, refusal.answer.http, text, {"content-type": _JSON, **more})


class HttpReceiver:
    """A uvicorn server on one address; `start` binds it, `stop` lets running requests end."""

    def __init__(self, intake: Intake, host: str, port: int, tls: Tls | None = None) -> None:
        self._application = HttpApplication(intake, self._connections)
        self._limits = intake.limits
        self._counters = intake.counters
        self._tls = tls
        self._host = host
        self.port = port
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Bind and serve; port 0 takes a free one. Raises `Refused` where the port is taken."""
        listener = listening_socket(self._host, self.port, "--otlp-http-port")
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._application,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
            http=impatient(self._limits.header_seconds, self._limits.header_bytes, self._counters),
            proxy_headers=False,
            timeout_keep_alive=round(self._limits.idle_seconds),
            ws="none",
            ssl_context_factory=(lambda *_: tls.context()) if (tls := self._tls) else None,
        )
        self._server = _Server(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]))
        while not self._server.started:
            if self._task.done():
                await self._task
                raise Refused(f"The OTLP/HTTP server on port {self.port} did not start.")
            await asyncio.sleep(0.01)

    def _connections(self) -> int:
        return len(self._server.server_state.connections) if self._server is not None else 0

    async def stop(self) -> None:
        """Take no more requests, let running ones end."""
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await self._task
            self._server = self._task = None


class _Server(uvicorn.Server):
    """Leaves the process's signals to whoever runs the platform."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _headers(scope: Any) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


async def _respond(send: _Send, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    pairs.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})

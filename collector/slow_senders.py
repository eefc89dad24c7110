"""HTTP connections of the collector: one that does not send the headers of a request in time, or too many, is closed.

Uvicorn has a limit for a connection that rests between requests, but drops it at the first byte; and none for one that
never sends a request, nor for the size of headers. So a sender could hold connections for nothing but a byte now and
then, and memory for headers without end. How long a body may take is `collector/http_body.py`'s; what still comes of
one after its answer is held to the limit of headers, too.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from collector.counters import Counters
from collector.upgrade_offers import StaysHttp1

_log = logging.getLogger(__name__)


def _answer(status: str, words: str) -> bytes:
    return (
        f"HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
        f"content-length: {len(words)}\r\n\r\n{words}"
    ).encode()


_TOO_SLOW = _answer("408 Request Timeout", "the headers took too long to come")
_TOO_LARGE = _answer("431 Request Header Fields Too Large", "the headers are too large")


class Impatient(StaysHttp1):
    """Uvicorn's protocol with the two limits of `impatient`."""

    header_seconds: float
    header_bytes: int
    counters: Counters
    _deadline: asyncio.TimerHandle | None = None
    _is_in_head = False
    _unproductive_bytes = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unproductive_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._unproductive_bytes > self.header_bytes:
            _log.info("a connection from %s was closed: more than %d bytes of headers", self.client, self.header_bytes)
            self._end("headers_too_large", _TOO_LARGE)
        elif self.cycle is not None and not self.cycle.response_complete:
            self._forget_deadline()
        elif self._deadline is None:
            self._await_headers()

    def on_message_begin(self) -> None:
        self._is_in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unproductive_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unproductive_bytes = 0
        super().on_message_complete()

    def _await_headers(self) -> None:
        self._deadline = self.loop.call_later(self.header_seconds, self._too_slow)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        if self.transport.is_closing():
            return
        _log.info("a connection from %s was closed: no request within %g seconds", self.client, self.header_seconds)
        self._end("too_slow", _TOO_SLOW)

    def send_400_response(self, msg: str) -> None:
        self._count("malformed")
        super().send_400_response(msg)

    def _end(self, reason: str, answer: bytes) -> None:
        if self._is_in_head:
            self._count(reason)
            if self.cycle is None or self.cycle.response_complete:
                self.transport.write(answer)
        self.transport.close()

    def _count(self, reason: str) -> None:
        self.counters.add("refused_requests", reason=reason, protocol="http")


def impatient(header_seconds: float, header_bytes: int, counters: Counters) -> type[StaysHttp1]:
    """Uvicorn's protocol with so many seconds for headers, from the first byte, or from the opening of a connection.

    What is refused within its headers is counted, as any other refusal, by its reason.

    `header_bytes` bounds what may come without a byte of a body or the end of a request: headers, trailers, what stands
    between the chunks of a body. It is looked at after each read, of 256 KiB at most.
    """
    limits = {"header_seconds": header_seconds, "header_bytes": header_bytes, "counters": counters}
    return type("ImpatientWithin", (Impatient,), limits)

"""An HTTP connection that does not send the headers of a request in time is closed.

Uvicorn has a limit for a connection that rests between requests, but drops it at the first byte; and none for one that
never sends a request. So a sender could hold connections for nothing but a byte now and then. How long a body may take
is `collector/http_body.py`'s; what still comes of one after its answer is held to the limit of headers, too.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_log = logging.getLogger(__name__)
_ANSWER = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
    b"content-length: 33\r\n\r\nthe headers took too long to come"
)


def impatient(header_seconds: float) -> type[H11Protocol]:
    """Uvicorn's protocol with so many seconds for headers, from the first byte, or from the opening of a connection."""

    class Impatient(H11Protocol):
        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._await_headers()

        def connection_lost(self, exc: Exception | None) -> None:
            self._forget_deadline()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is not None and not self.cycle.response_complete:
                self._forget_deadline()
            elif self._deadline is None and not self.transport.is_closing():
                self._await_headers()

        def _await_headers(self) -> None:
            self._deadline = self.loop.call_later(header_seconds, self._too_slow)

        def _forget_deadline(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

        def _too_slow(self) -> None:
            if self.transport.is_closing():
                return
            _log.info("a connection from %s was closed: no request within %g seconds", self.client, header_seconds)
            if self.conn.trailing_data[0] and self.conn.our_state is h11.IDLE:
                self.transport.write(_ANSWER)
            self.transport.close()

    return Impatient

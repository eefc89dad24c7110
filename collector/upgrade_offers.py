"""HTTP connections whose senders offer another protocol (`Upgrade: h2c`, as Java's own client does) go on in HTTP/1.1.

The parser below uvicorn takes the headers of such a request for all of it. Its body would never be read, and protobuf
without a byte is a valid, empty request: it would be accepted, and its spans lost. So it is read as if nothing had been
offered, which a server may ignore (RFC 9110, 7.8).
"""

from __future__ import annotations

from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class StaysHttp1(HttpToolsProtocol):
    """Uvicorn's protocol, deaf to offers of another one."""

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.parser = _Parser(self)

    def on_headers_complete(self) -> None:
        if not self.parser.should_upgrade():
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def head_without_offer(self) -> bytes:
        """The request line and headers that have just been read, without the offer."""
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        if method == b"CONNECT":
            raise httptools.HttpParserInvalidMethodError("CONNECT is not answered here")
        headers = (b"%b: %b\r\n" % each for each in self.headers if each[0] != b"upgrade")
        return b"%b %b HTTP/%b\r\n%b\r\n" % (method, self.url, version, b"".join(headers))


class _Parser(httptools.HttpRequestParser):
    """Reads a request with an offer a second time, without it."""

    def __init__(self, protocol: StaysHttp1) -> None:
        super().__init__(protocol)
        self._protocol = protocol

    def feed_data(self, data: Any) -> None:
        rest = memoryview(data)
        while True:
            try:
                super().feed_data(rest)
            except httptools.HttpParserUpgrade as offer:
                rest = rest[offer.args[0] :]
                super().feed_data(self._protocol.head_without_offer())
            else:
                return

"""The body of an HTTP request: read and decompressed within limits, so that no sender decides how much memory it takes.

Never looks at what the body means.
"""

from __future__ import annotations

import asyncio
import contextlib
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import zstandard

from collector.intake import IntakeLimits, Refusal, Running

_DISCARD_BYTES = 64 << 20
_DISCARD_SECONDS = 5.0


class Body:
    """The body of one request as it arrives."""

    def __init__(self, receive: Callable[[], Awaitable[Any]]) -> None:
        self._receive = receive
        self._more = True

    async def read(self, content_length: str | None, encoding: str, limits: IntakeLimits, running: Running) -> bytes:
        """All of it, decompressed; raises `Refusal`."""
        declared = int(content_length) if content_length and content_length.isdigit() else 0
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(limits.body_seconds):
                while self._more and max(size, declared) <= limits.request_bytes:
                    parts.append(await self._next())
                    size += len(parts[-1])
                    running.hold(len(parts[-1]))
        except TimeoutError as error:
            raise Refusal("too_slow", f"the body took longer than {limits.body_seconds} seconds") from error
        if max(size, declared) > limits.request_bytes:
            raise Refusal("too_large", f"the body is larger than {limits.request_bytes} bytes")
        body = decompressed(b"".join(parts), encoding, limits.decompressed_bytes)
        running.hold(max(0, len(body) - size))
        return body

    async def discard(self) -> None:
        """Throw away what is still to come, within bounds: a sender cut off while it sends does not see the answer."""
        size = 0
        with contextlib.suppress(TimeoutError, Refusal):
            async with asyncio.timeout(_DISCARD_SECONDS):
                while self._more and size < _DISCARD_BYTES:
                    size += len(await self._next())

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._more = False
            raise Refusal("malformed", "the sender closed the connection within the body")
        self._more = message.get("more_body", False)
        return bytes(message.get("body", b""))


def decompressed(data: bytes, encoding: str, limit: int) -> bytes:
    """The data behind a Content-Encoding; raises `Refusal` for an unknown one, damaged data or more than `limit`."""
    name = encoding.strip().lower() or "identity"
    try:
        if name == "identity":
            out = data
        elif name == "gzip":
            out = _inflated(data, 31, limit)
        elif name == "deflate":
            out = _deflated(data, limit)
        elif name == "zstd":
            out = _zstd(data, limit)
        else:
            raise Refusal("content_encoding", f"the content encoding {name[:40]!r} is not one of gzip, deflate, zstd")
    except (zlib.error, zstandard.ZstdError, EOFError) as error:
        raise Refusal("malformed", f"the body is not {name}: {error}") from error
    if len(out) > limit:
        raise Refusal("too_large", f"the decompressed body is larger than {limit} bytes")
    return out


def _deflated(data: bytes, limit: int) -> bytes:
    try:
        return _inflated(data, 15, limit)
    except zlib.error:
        return _inflated(data, -15, limit)  # some senders leave the zlib header out


def _inflated(data: bytes, wbits: int, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while data:
        stream = zlib.decompressobj(wbits)
        part = stream.decompress(data, limit + 1 - size)
        parts.append(part)
        size += len(part)
        if size > limit:
            break
        if not stream.eof:
            raise EOFError("it ends too early")
        data = stream.unused_data  # gzip may have several members
    return b"".join(parts)


def _zstd(data: bytes, limit: int) -> bytes:
    if not data:
        return b""
    decompressor = zstandard.ZstdDecompressor(max_window_size=1 << 27)
    parts: list[bytes] = []
    size = 0
    while data and size <= limit:
        frame = decompressor.decompressobj(read_across_frames=False)
        start = 0
        while start < len(data) and not frame.eof and size <= limit:
            part = frame.decompress(data[start : start + 8192])
            parts.append(part)
            size += len(part)
            start += 8192
        if size > limit:
            break
        if not frame.eof:
            raise EOFError("it ends too early")
        data = frame.unused_data + data[start:]
    return b"".join(parts)

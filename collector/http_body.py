"""The body of an HTTP request: read and decompressed within limits, so that no sender decides how much memory it takes.

Never looks at what the body means.
"""

from __future__ import annotations

import asyncio
import contextlib
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import zstandard

from collector.aside import Aside
from collector.intake import IntakeLimits, Refusal, Running

_DISCARD_BYTES = 64 << 20
_DISCARD_SECONDS = 5.0
_MOST_PARTS = 10_000
"""Members of a gzip body, frames of a zstd one: empty ones cost time and give nothing."""


class Body:
    """The body of one request as it arrives."""

    def __init__(self, receive: Callable[[], Awaitable[Any]]) -> None:
        self._receive = receive
        self._more = True
        self.is_begun = False
        """Whether any of it was asked for, which a sender of `Expect: 100-continue` is told."""

    async def read(self, headers: Mapping[str, str], limits: IntakeLimits, running: Running, aside: Aside) -> bytes:
        """All of it, decompressed; `headers` have lower-case names. Raises `Refusal`."""
        content_length, encoding = headers.get("content-length"), headers.get("content-encoding", "")
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
        sent, limit = b"".join(parts), limits.decompressed_bytes
        body = await aside.run(size if encoding else 0, lambda: decompressed(sent, encoding, limit))
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
        self.is_begun = True
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._more = False
            raise Refusal("malformed", "the sender closed the connection within the body")
        self._more = message.get("more_body", False)
        return bytes(message.get("body", b""))


def decompressed(data: bytes, encoding: str, limit: int) -> bytes:
    """The data behind a Content-Encoding; raises `Refusal` for an unknown one, damaged data or more than `limit`."""
    # RFC 9110, 8.4: a list, in which `identity` says nothing; `x-gzip` is gzip.
    name = ", ".join(each for part in encoding.lower().split(",") if (each := part.strip()) not in ("", "identity"))
    try:
        if not name:
            out = data
        elif name in ("gzip", "x-gzip"):
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
    return _joined(
        data, limit, 16 << 10, lambda: zlib.decompressobj(wbits), lambda part, piece, room: part.decompress(piece, room)
    )


def _zstd(data: bytes, limit: int) -> bytes:
    frames = zstandard.ZstdDecompressor(max_window_size=1 << 27)
    # A slice is unpacked whole, and a byte may stand for 32 KiB.
    return _joined(
        data,
        limit,
        1 << 10,
        lambda: frames.decompressobj(read_across_frames=False),
        lambda part, piece, _room: part.decompress(piece),
    )


def _joined(
    data: bytes,
    limit: int,
    slice_bytes: int,
    new: Callable[[], Any],
    unpack: Callable[[Any, memoryview, int], bytes],
) -> bytes:
    """What is in the parts of the data, one after another: gzip may have several members, zstd several frames.

    They are fed in slices, because what comes after the end of a part is copied.
    """
    view = memoryview(data)
    out: list[bytes] = []
    position = size = parts = 0
    while position < len(data) and size <= limit:
        parts += 1
        if parts > _MOST_PARTS:
            raise Refusal("malformed", f"the compressed body is in more than {_MOST_PARTS} parts")
        part = new()
        while position < len(data) and not part.eof and size <= limit:
            piece = view[position : position + slice_bytes]
            out.append(unpack(part, piece, limit + 1 - size))
            size += len(out[-1])
            position += len(piece) - len(part.unused_data)
        if not part.eof and size <= limit:
            raise EOFError("it ends too early")
    return b"".join(out)

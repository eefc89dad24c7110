"""The layout of a spool segment's file: accepted requests one after another, each behind a header that proves it whole.

The file as it lies is one OTLP export request, because the headers are written as protobuf fields of numbers OTLP does
not use: ClickHouse skips them, and one fsync covers requests and index together. Lengths decide where a
request ends, never the protobuf parser: a request torn at the border of a field still parses.

    segment := opening record*
    opening := field 20001 { version 1 byte, JSON of tenant, signal and whether bodies are encrypted }
    record  := field 20002 { length u32, CRC-32 of the body u32, received u64 (µs since 1970), items u32 } body
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from zlib_ng import zlib_ng

from collector.sealing import Sealer, opened
from collector.segment import Signal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OPENING = 20001
_RECORD = 20002
_HEADER = struct.Struct("<IIQI")
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Record:
    """Where one request lies in a segment's bytes; `start` is the header's first byte, `offset` the body's."""

    start: int
    offset: int
    length: int
    received_us: int
    items: int

    @property
    def received_at(self) -> datetime:
        """When the request was received."""
        return _EPOCH + timedelta(microseconds=self.received_us)

    @property
    def end(self) -> int:
        """The first byte after the body."""
        return self.offset + self.length


@dataclass(frozen=True, slots=True)
class Contents:
    """A segment's file as read back: whole records only. `torn` counts the bytes after the last of them."""

    tenant: str
    signal: Signal
    opening: bytes
    records: tuple[Record, ...]
    torn: int
    sealed: bool = False
    """Whether the requests are encrypted; then the file is no export request as it lies."""

    @property
    def items(self) -> int:
        """Spans or log records in all requests."""
        return sum(record.items for record in self.records)


def opening(tenant: str, signal: Signal, *, sealed: bool = False) -> bytes:
    """What a segment's file begins with."""
    about = {"tenant": tenant, "signal": signal.value, **({"sealed": True} if sealed else {})}
    return _field(_OPENING, bytes([_VERSION]) + json.dumps(about).encode())


def header(body: bytes, received_us: int, items: int) -> bytes:
    """What stands before a request in a segment's file."""
    return _HEADER_TAG + _HEADER.pack(len(body), zlib_ng.crc32(body), received_us, items)


def read(data: bytes) -> Contents | None:
    """The whole records of a segment's file; None where not even its opening is whole."""
    first = _opening_of(data)
    if first is None:
        return None
    end, tenant, signal, sealed = first
    records = tuple(_records(data, end))
    whole = records[-1].end if records else end
    return Contents(tenant, signal, data[:end], records, len(data) - whole, sealed)


def plain(data: bytes, contents: Contents, sealer: Sealer | None) -> tuple[bytes, Contents]:
    """The file, and what is in it, as it would lie there without encryption; raises `SealedAway`."""
    if not contents.sealed:
        return data, contents
    found = _rewritten(
        data, contents, lambda body: opened(sealer, body, contents.tenant, contents.signal), sealed=False
    )
    return found, read(found) or contents


def sealed(data: bytes, sealer: Sealer) -> bytes:
    """A file that is not encrypted as it lies there with encryption."""
    contents = read(data)
    if contents is None or contents.sealed:
        return data
    return _rewritten(data, contents, lambda body: sealer.seal(body, contents.tenant, contents.signal), sealed=True)


def _rewritten(data: bytes, contents: Contents, change: Callable[[bytes], bytes], *, sealed: bool) -> bytes:
    parts = [opening(contents.tenant, contents.signal, sealed=sealed)]
    for each in contents.records:
        body = change(data[each.offset : each.end])
        parts += [header(body, each.received_us, each.items), body]
    return b"".join(parts)


def _records(data: bytes, position: int) -> Iterator[Record]:
    prefix = len(_HEADER_TAG)
    while data[position : position + prefix] == _HEADER_TAG:
        offset = position + prefix + _HEADER.size
        if offset > len(data):
            return
        length, checksum, received_us, items = _HEADER.unpack_from(data, position + prefix)
        body = data[offset : offset + length]
        if len(body) < length or zlib_ng.crc32(body) != checksum:
            return
        yield Record(position, offset, length, received_us, items)
        position = offset + length


def _opening_of(data: bytes) -> tuple[int, str, Signal, bool] | None:
    tag = _varint(_OPENING << 3 | 2)
    if not data.startswith(tag):
        return None
    position, length, shift = len(tag), 0, 0
    while True:
        if position >= len(data):
            return None
        byte = data[position]
        length |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            break
    content = data[position : position + length]
    if len(content) < length or length == 0 or content[0] != _VERSION:
        return None
    try:
        value = json.loads(content[1:])
        return position + length, str(value["tenant"]), Signal(value["signal"]), value.get("sealed") is True
    except (ValueError, KeyError, TypeError):
        return None


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


_HEADER_TAG = _varint(_RECORD << 3 | 2) + _varint(_HEADER.size)

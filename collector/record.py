"""The layout of a spool segment's file: accepted requests one after another, each behind a header that proves it whole.

The file as it lies is one OTLP export request, because the headers are written as protobuf fields of numbers OTLP does
not use: ClickHouse skips them, and one fsync covers requests and index together. Lengths decide where a
request ends, never the protobuf parser: a request torn at the border of a field still parses.

    segment := opening record*
    opening := field 20001 { version 1 byte, JSON of tenant and signal }
    record  := field 20002 { length u32, CRC-32 of the body u32, received u64 (µs since 1970), items u32 } body
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from collector.segment import Signal

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

    @property
    def items(self) -> int:
        """Spans or log records in all requests."""
        return sum(record.items for record in self.records)


def opening(tenant: str, signal: Signal) -> bytes:
    """What a segment's file begins with."""
    return _field(_OPENING, bytes([_VERSION]) + json.dumps({"tenant": tenant, "signal": signal.value}).encode())


def header(body: bytes, received_us: int, items: int) -> bytes:
    """What stands before a request in a segment's file."""
    return _HEADER_TAG + _HEADER.pack(len(body), zlib.crc32(body), received_us, items)


def read(data: bytes) -> Contents | None:
    """The whole records of a segment's file; None where not even its opening is whole."""
    first = _opening_of(data)
    if first is None:
        return None
    end, tenant, signal = first
    records = tuple(_records(data, end))
    whole = records[-1].end if records else end
    return Contents(tenant, signal, data[:end], records, len(data) - whole)


def _records(data: bytes, position: int) -> Iterator[Record]:
    prefix = len(_HEADER_TAG)
    while data[position : position + prefix] == _HEADER_TAG:
        offset = position + prefix + _HEADER.size
        if offset > len(data):
            return
        length, checksum, received_us, items = _HEADER.unpack_from(data, position + prefix)
        body = data[offset : offset + length]
        if len(body) < length or zlib.crc32(body) != checksum:
            return
        yield Record(position, offset, length, received_us, items)
        position = offset + length


def _opening_of(data: bytes) -> tuple[int, str, Signal] | None:
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
        return position + length, str(value["tenant"]), Signal(value["signal"])
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

"""The layout of a spool segment's file: accepted requests one after another, each behind a header that proves it whole.

The file as it lies is one OTLP export request, because the headers are written as protobuf fields of numbers OTLP does
not use: ClickHouse skips them, and one fsync covers requests and index together. Lengths decide where a
request ends, never the protobuf parser: a request torn at the border of a field still parses. What is damaged within
the file costs the records it lies in; those behind are found again, by the damaged one's length or by looking for them.

    segment := opening record*
    opening := field 20001 { version 1 byte, JSON of tenant, signal, whether bodies are encrypted, and CRC-32 of these }
    record  := field 20002 { length u32, CRC-32 of the body u32, received u64 (µs since 1970), items u32 } body
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from zlib_ng import zlib_ng

from collector.sealing import Sealer, opened
from collector.segment import Signal
from model import instant, microseconds

_OPENING = 20001
_RECORD = 20002
_HEADER = struct.Struct("<IIQI")
_VERSION = 1
_NEAR = timedelta(days=1)
"""No segment is open for as long."""


@dataclass(frozen=True, slots=True)
class Record:
    """Where one request lies in a segment's bytes; `start` is the header's first byte, `offset` the body's."""

    start: int
    offset: int
    length: int
    received_us: int
    items: int

    def received_at(self, opened: datetime) -> datetime:
        """When the request was received; `opened` is when its segment was.

        No checksum covers it, since what it would refuse are whole requests: of one damaged on disk the segment's time
        is taken.
        """
        is_near = abs(self.received_us - microseconds(opened)) <= _NEAR // timedelta(microseconds=1)
        return instant(self.received_us) if is_near else opened

    @property
    def end(self) -> int:
        """The first byte after the body."""
        return self.offset + self.length


@dataclass(frozen=True, slots=True)
class Contents:
    """A segment's file as read back: whole records only.

    `torn` counts the bytes at its end of a record that was never written whole, `damaged` all others that are in none.
    """

    tenant: str
    signal: Signal
    opening: bytes
    records: tuple[Record, ...]
    torn: int
    sealed: bool = False
    """Whether the requests are encrypted; then the file is no export request as it lies."""
    damaged: int = 0

    @property
    def items(self) -> int:
        """Spans or log records in all requests."""
        return sum(record.items for record in self.records)


def opening(tenant: str, signal: Signal, *, sealed: bool = False) -> bytes:
    """What a segment's file begins with."""
    about = {"tenant": tenant, "signal": signal.value, **({"sealed": True} if sealed else {})}
    return _field(_OPENING, bytes([_VERSION]) + json.dumps({**about, "crc": _checksum(about)}).encode())


def header(body: bytes, received_us: int, items: int) -> bytes:
    """What stands before a request in a segment's file."""
    return _HEADER_TAG + _HEADER.pack(len(body), zlib_ng.crc32(body), received_us, items)


def read(data: bytes) -> Contents | None:
    """The whole records of a segment's file; None where not even its opening is whole."""
    first = _opening_of(data)
    if first is None:
        return None
    end, tenant, signal, sealed = first
    records, damaged, position = [], 0, end
    while position < len(data):
        if (found := _record_at(data, position)) is not None:
            records.append(found)
            position = found.end
        elif (following := _behind(data, position)) is not None:
            damaged += following - position
            position = following
        else:
            break
    left = len(data) - position
    torn = left if _runs_out(data, position) else 0
    return Contents(tenant, signal, data[:end], tuple(records), torn, sealed, damaged + left - torn)


def is_unfinished(data: bytes) -> bool:
    """Whether a file whose opening cannot be read was left before that was written: nothing in it was ever accepted."""
    if not data.strip(b"\0"):
        return True
    tag = _varint(_OPENING << 3 | 2)
    bounds = _opening_bounds(data)
    runs_out = tag.startswith(data[: len(tag)]) and (bounds is None or bounds[1] > len(data))
    return runs_out and _HEADER_TAG not in data


def joined(data: bytes, contents: Contents, records: Sequence[Record]) -> bytes:
    """A segment's file with some of its records only."""
    return contents.opening + b"".join(data[each.start : each.end] for each in records)


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


def _record_at(data: bytes, position: int) -> Record | None:
    """The whole record that begins there."""
    head = _header_at(data, position)
    if head is None:
        return None
    offset, length, checksum, received_us, items = head
    body = data[offset : offset + length]
    if len(body) < length or zlib_ng.crc32(body) != checksum:
        return None
    return Record(position, offset, length, received_us, items)


def _header_at(data: bytes, position: int) -> tuple[int, int, int, int, int] | None:
    """Where the body begins, and what the header says."""
    offset = position + len(_HEADER_TAG) + _HEADER.size
    if offset > len(data) or not data.startswith(_HEADER_TAG, position):
        return None
    length, checksum, received_us, items = _HEADER.unpack_from(data, position + len(_HEADER_TAG))
    return offset, length, checksum, received_us, items


def _behind(data: bytes, position: int) -> int | None:
    """Where to go on after something that is no whole record; None where nothing follows.

    Its length is believed where it leads to another record. So nothing within a request is taken for one.
    """
    head = _header_at(data, position)
    if head is not None and data.startswith(_HEADER_TAG, head[0] + head[1]):
        return head[0] + head[1]
    place = data.find(_HEADER_TAG, position + 1)
    while place >= 0 and _record_at(data, place) is None:
        place = data.find(_HEADER_TAG, place + 1)
    return place if place >= 0 else None


def _runs_out(data: bytes, position: int) -> bool:
    """Whether a record begins there that the file is too short for, or was never written at all."""
    head = _header_at(data, position)
    if head is not None:
        return head[0] + head[1] > len(data)
    left = data[position : position + len(_HEADER_TAG) + _HEADER.size]
    begins = left.startswith(_HEADER_TAG) or _HEADER_TAG.startswith(left)
    return begins or not data[position:].strip(b"\0")


def _opening_of(data: bytes) -> tuple[int, str, Signal, bool] | None:
    bounds = _opening_bounds(data)
    if bounds is None:
        return None
    start, end = bounds
    if end > len(data) or data[start:end][:1] != bytes([_VERSION]):
        return None
    try:
        value = json.loads(data[start + 1 : end])
        if value.pop("crc", None) not in (None, _checksum(value)):
            return None
        return end, str(value["tenant"]), Signal(value["signal"]), value.get("sealed") is True
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _opening_bounds(data: bytes) -> tuple[int, int] | None:
    """Where the content of the opening begins and ends, by what its length says."""
    tag = _varint(_OPENING << 3 | 2)
    if not data.startswith(tag):
        return None
    length = 0
    for index, byte in enumerate(data[len(tag) : len(tag) + 5]):
        length |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            start = len(tag) + index + 1
            return start, start + length
    return None


def _checksum(about: dict[str, Any]) -> int:
    return zlib_ng.crc32(json.dumps(about).encode())


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

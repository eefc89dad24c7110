"""The bytes of an import file: decompressed, in UTF-8, with line ends that are line feeds.

Recognises gzip and zstd by their first bytes, whatever the file is called.
"""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from pathlib import Path
from typing import BinaryIO, Protocol

import zstandard

from collector.importing.encoding import UTF8, as_utf8, decided, decoder_of
from model import BadRequest

HEAD_BYTES = 65_536
"""How much of a file is looked at to learn its dialect."""

HEADER_BYTES = 1 << 20
"""How much of it is looked at where its first lines are longer than that; a header must end within."""

_TWO_LINES = re.compile(rb"[\r\n]*+[^\r\n]++[\r\n]++[^\r\n]++[\r\n]")
"""Enough to have all of the header, though a line before it may name the delimiter."""

_BLOCK_BYTES = 1 << 20
_COMPRESSED_BYTES = 1 << 10
"""How much of a zstd file is unpacked at a time; at most 32 MB come of it, however well it is compressed."""

_MAGIC_BYTES = 10

_NOT_READ = re.compile(rb"(?P<bzip2>BZh[1-9]1AY&SY)|(?P<xz>\xfd7zXZ\x00)|(?P<zip>PK\x03\x04)")
"""How files begin that are compressed in a way that is not read."""

_ZSTD = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")
"""How a frame of zstd begins, or one that holds no text, with which the files of parallel compressors begin."""

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class SourceFile:
    """An import file read from front to back; raises `BadRequest` where it cannot be read. Close it after use.

    `encoding` is what its text is in, found from its bytes where it is None. Bytes that are nothing in that encoding
    come out as bytes that are nothing in UTF-8.
    """

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        self.path = path
        self.encoding = encoding or UTF8
        try:
            self._raw: BinaryIO = path.open("rb")
            self.size = path.stat().st_size
            magic = self._raw.read(_MAGIC_BYTES)
            self._raw.seek(0)
        except OSError as error:
            raise BadRequest(f"{path} cannot be read: {error.strerror}.") from error
        unread = _NOT_READ.match(magic)
        if unread:
            self.close()
            raise BadRequest(f"{path} is compressed with {unread.lastgroup}; only gzip and zstd are read.")
        self._stream = _decompressed(self._raw, magic)
        self._pending = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        self._only_cr = False
        try:
            self._begin(stated=encoding is not None)
        except BaseException:
            self.close()
            raise

    def _begin(self, *, stated: bool) -> None:
        head = self._take(HEAD_BYTES)
        if not stated:
            self.encoding = self._found(head)
        if self.encoding != UTF8:
            self._decoder = decoder_of(self.encoding)
            head = self._decoded(head, self._decoder)
        while len(head) < HEADER_BYTES and not _TWO_LINES.match(head):
            more = self._text(HEAD_BYTES)
            if not more:
                break
            head += more
        head = head.removeprefix(codecs.BOM_UTF8)
        self._only_cr = b"\r" in head and b"\n" not in head
        self._pending = head.replace(b"\r", b"\n") if self._only_cr else head
        self.head = self._pending

    def _found(self, head: bytes) -> str:
        if head.startswith(_UTF16):
            return "utf-16"
        if head.startswith(codecs.BOM_UTF8):
            return UTF8
        whole = SourceFile(self.path, UTF8)
        try:
            return decided(iter(lambda: whole.read(_BLOCK_BYTES), b""))
        finally:
            whole.close()

    @property
    def raw_position(self) -> int:
        """How many bytes of the file itself have been read."""
        return self._raw.tell()

    def read(self, size: int) -> bytes:
        """The next bytes of the text, about `size` of them; empty at the end."""
        if self._pending:
            pending, self._pending = self._pending, b""
            return pending
        data = self._text(size)
        return data.replace(b"\r", b"\n") if self._only_cr else data

    def skip_lines(self, count: int) -> bytes:
        """Pass over so many lines of the text and give what was read beyond them."""
        last = b""
        while count > 0:
            data = self.read(_BLOCK_BYTES)
            ends = data.count(b"\n")
            if ends >= count:
                return data.split(b"\n", count)[count]
            if not data:
                if count == 1 and last and not last.endswith(b"\n"):
                    break
                raise BadRequest(f"{self.path} ends before the place where its import had stopped.")
            count -= ends
            last = data
        return b""

    def close(self) -> None:
        """Close the file."""
        self._raw.close()

    def _decoded(self, data: bytes, decoder: codecs.IncrementalDecoder) -> bytes:
        try:
            return as_utf8(decoder.decode(data, final=not data))
        except UnicodeDecodeError as error:
            where = f"near byte {self.raw_position:,}"
            raise BadRequest(f"{self.path} is damaged {where}: it is not {self.encoding}, {error.reason}.") from error

    def _text(self, size: int) -> bytes:
        data = self._take(size)
        return data if self._decoder is None else self._decoded(data, self._decoder)

    def _take(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError, OSError) as error:
            raise BadRequest(f"{self.path} is damaged near byte {self.raw_position:,}: {error}.") from error


class _ZstdFrames:
    """The text of a zstd file: that of its frames, one after another. Raises EOFError where the last one is cut short.

    The reader of the library takes a frame that is cut short for one that is whole.
    """

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._frames = zstandard.ZstdDecompressor(max_window_size=1 << 31)
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._compressed = b""
        self._text = bytearray()

    def read(self, size: int) -> bytes:
        """The next `size` bytes of the text; fewer only at the end."""
        while len(self._text) < size and self._more():
            pass
        taken = bytes(self._text[:size])
        del self._text[:size]
        return taken

    def _more(self) -> bool:
        data = self._compressed or self._raw.read(_COMPRESSED_BYTES)
        self._compressed = b""
        if not data:
            if self._frame is not None:
                raise EOFError("it ends within a zstd frame")
            return False
        self._frame = self._frame or self._frames.decompressobj()
        self._text += self._frame.decompress(data)
        if self._frame.eof:
            self._compressed = self._frame.unused_data
            self._frame = None
        return True


def _decompressed(raw: BinaryIO, magic: bytes) -> _Readable:
    if magic.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=raw)
    if _ZSTD.match(magic):
        return _ZstdFrames(raw)
    return raw

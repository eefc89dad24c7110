"""The bytes of an import file: decompressed, in UTF-8, with line ends that are line feeds.

Recognises gzip and zstd by their first bytes, whatever the file is called.
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from pathlib import Path
from typing import IO, BinaryIO, cast

import zstandard

from model import BadRequest

HEAD_BYTES = 65_536
"""How much of a file is looked at to learn its dialect."""

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class SourceFile:
    """An import file read from front to back; raises `BadRequest` where it cannot be read. Close it after use."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._raw: BinaryIO = path.open("rb")
            self.size = path.stat().st_size
            magic = self._raw.read(4)
            self._raw.seek(0)
        except OSError as error:
            raise BadRequest(f"{path} cannot be read: {error.strerror}.") from error
        self._stream = _decompressed(self._raw, magic)
        self._pending = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        self._only_cr = False
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        head = self._take(HEAD_BYTES)
        if head.startswith(_UTF16):
            self._decoder = codecs.getincrementaldecoder("utf-16")()
            head = self._decoder.decode(head).encode()
        head = head.removeprefix(codecs.BOM_UTF8)
        self._only_cr = b"\r" in head and b"\n" not in head
        self._pending = head.replace(b"\r", b"\n") if self._only_cr else head
        self.head = self._pending

    @property
    def raw_position(self) -> int:
        """How many bytes of the file itself have been read."""
        return self._raw.tell()

    def read(self, size: int) -> bytes:
        """The next bytes of the text, about `size` of them; empty at the end."""
        if self._pending:
            pending, self._pending = self._pending, b""
            return pending
        data = self._take(size)
        if self._decoder is not None:
            data = self._decoder.decode(data, final=not data).encode()
        return data.replace(b"\r", b"\n") if self._only_cr else data

    def skip(self, size: int) -> bytes:
        """Pass over `size` bytes of the text and give what was read beyond them."""
        while size > 0:
            data = self.read(1 << 20)
            if not data:
                raise BadRequest(f"{self.path} ends before the place where its import had stopped.")
            if len(data) > size:
                return data[size:]
            size -= len(data)
        return b""

    def close(self) -> None:
        """Close the file."""
        self._raw.close()

    def _take(self, size: int) -> bytes:
        try:
            return self._stream.read(size) or b""
        except (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError, OSError) as error:
            raise BadRequest(f"{self.path} is damaged near byte {self.raw_position:,}: {error}.") from error


def utf8(data: bytes) -> bytes:
    """The text in UTF-8: as it is, or, where it is not that, read as Windows-1252, the usual alternative."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace").encode()
    return data


def _decompressed(raw: BinaryIO, magic: bytes) -> IO[bytes]:
    if magic.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
    if magic == b"\x28\xb5\x2f\xfd":
        reader = zstandard.ZstdDecompressor(max_window_size=1 << 31).stream_reader(raw, read_across_frames=True)
        return cast("IO[bytes]", reader)
    return raw

"""The bytes of an import file: decompressed, in UTF-8, with line ends that are line feeds.

Recognises gzip, zstd and Parquet by their first bytes, whatever the file is called. Parquet is turned into JSON lines
once, beside the store, because its columns cannot be read front to back.
"""

from __future__ import annotations

import codecs
import gzip
import subprocess
import sys
import zlib
from pathlib import Path
from typing import IO, BinaryIO, cast

import zstandard

from model import BadRequest

HEAD_BYTES = 65_536
"""How much of a file is looked at to learn its dialect."""

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_TO_JSON_LINES = """
import sys
import chdb
quoted = [each.replace("\\\\", "\\\\\\\\").replace("'", "\\\\'") for each in sys.argv[1:]]
chdb.query(
    f"INSERT INTO FUNCTION file('{quoted[1]}', 'JSONEachRow') SELECT * FROM file('{quoted[0]}', 'Parquet') "
    "SETTINGS max_threads = 1, input_format_parquet_preserve_order = 1, date_time_output_format = 'iso', "
    "output_format_json_quote_64bit_integers = 0, output_format_json_quote_denormals = 0"
)
"""


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


def is_parquet(path: Path) -> bool:
    """Whether the file begins as Parquet does."""
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1"
    except OSError as error:
        raise BadRequest(f"{path} cannot be read: {error.strerror}.") from error


def parquet_as_json_lines(path: Path, target: Path) -> None:
    """Write the rows of a Parquet file as JSON lines, in order; in a process of its own, which bounds the memory."""
    command = [sys.executable, "-c", _TO_JSON_LINES, str(path.resolve()), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own interpreter
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise BadRequest(f"{path} cannot be read as Parquet: {last[:300]}")


def _decompressed(raw: BinaryIO, magic: bytes) -> IO[bytes]:
    if magic.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
    if magic == b"\x28\xb5\x2f\xfd":
        reader = zstandard.ZstdDecompressor(max_window_size=1 << 31).stream_reader(raw, read_across_frames=True)
        return cast("IO[bytes]", reader)
    return raw

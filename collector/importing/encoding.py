"""In what encoding a text is, decided once for all of it, and what becomes of bytes that are nothing in it."""

from __future__ import annotations

import codecs
from collections.abc import Iterable

UTF8 = "utf-8"
WINDOWS = "cp1252"

_ODD_FOR_EACH_WIDE = 10


def known(name: str) -> str:
    """The name Python has for an encoding of text; raises ValueError where there is none of that name."""
    try:
        "".encode(name)
    except LookupError as error:
        raise ValueError(f"{name!r} is no encoding of text such as utf-8, cp1252, iso-8859-2, utf-16-le") from error
    return codecs.lookup(name).name


def decided(blocks: Iterable[bytes]) -> str:
    """UTF-8, or Windows-1252, the usual alternative, where too much of a text is nothing in UTF-8.

    What is a character of several bytes in UTF-8 is hardly ever anything sensible in Windows-1252. So a few of them
    outweigh some bytes that are wrong: those are the fault of single rows.
    """
    decoder = codecs.getincrementaldecoder(UTF8)("ignore")
    odd = wide = 0
    for block in blocks:
        if block.isascii() and not decoder.getstate()[0]:
            continue
        text = decoder.decode(block)
        odd += len(block) - len(text.encode())
        wide += len(text) - len(text.encode("ascii", "ignore"))
    return UTF8 if odd <= wide * _ODD_FOR_EACH_WIDE else WINDOWS


def decoder_of(name: str) -> codecs.IncrementalDecoder:
    """A decoder that gives bytes which are nothing in that encoding as lone surrogates, which are nothing in UTF-8."""
    wide = name.startswith(("utf-16", "utf-32"))
    return codecs.getincrementaldecoder(name)("surrogatepass" if wide else "surrogateescape")


def as_utf8(text: str) -> bytes:
    """The text in UTF-8, or what is not that where the text has lone surrogates."""
    return text.encode(UTF8, "surrogatepass")


def is_utf8(data: bytes) -> bool:
    """Whether all of it is UTF-8."""
    try:
        data.decode(UTF8)
    except UnicodeDecodeError:
        return False
    return True

"""Encryption of what lies on disk before ClickHouse has it: requests in the spool and in quarantine.

AES-256-GCM by the library `cryptography`, one request at a time, under a key derived from the secret of the key file.
The tenant and the signal are authenticated with it, so that nobody can move a request to another tenant unseen. What an
embedded engine must read as a file is given to it as an anonymous file in memory: plain text never touches the disk.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from collector.segment import Signal
from model import Refused, Unavailable

_NONCE = 12
OVERHEAD = _NONCE + 16
"""How many bytes a sealed request is longer: its nonce and its tag."""


class SealedAway(Unavailable):
    """Data on disk is encrypted and its key was not given, or is another one: it waits until the right one is."""


class Sealer:
    """Seals and opens requests; raises `Refused` where the library is missing."""

    def __init__(self, secret: bytes) -> None:
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError as error:
            raise Refused(
                "Encrypting the spool needs the package `cryptography`: install it, or leave --spool-key-file out."
            ) from error
        self._cipher: Any = AESGCM(hmac.new(secret, b"throughline spool", hashlib.sha256).digest())

    def seal(self, body: bytes, tenant: str, signal: Signal) -> bytes:
        """The request, encrypted: a random nonce, then the cipher text with its tag."""
        nonce = os.urandom(_NONCE)
        sealed: bytes = self._cipher.encrypt(nonce, body, _about(tenant, signal))
        return nonce + sealed

    def open(self, body: bytes, tenant: str, signal: Signal) -> bytes:
        """The request again; raises `SealedAway`."""
        from cryptography.exceptions import InvalidTag

        try:
            plain: bytes = self._cipher.decrypt(body[:_NONCE], body[_NONCE:], _about(tenant, signal))
        except (InvalidTag, ValueError) as error:
            raise SealedAway(
                "Data on disk is encrypted with another key than the one in --spool-key-file, or damaged."
            ) from error
        return plain


def opened(sealer: Sealer | None, body: bytes, tenant: str, signal: Signal) -> bytes:
    """A sealed request again; raises `SealedAway` also where there is no key at all."""
    if sealer is None:
        raise SealedAway("Data on disk is encrypted: name the file with its key in --spool-key-file.")
    return sealer.open(body, tenant, signal)


@contextmanager
def in_memory(data: bytes) -> Iterator[Path]:
    """A path at which this process reads the data, without a file on any disk."""
    file = os.memfd_create("throughline")
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(file, view) :]
        yield Path(f"/proc/self/fd/{file}")
    finally:
        os.close(file)


def _about(tenant: str, signal: Signal) -> bytes:
    return f"{signal.value} {tenant}".encode()

"""The certificate of a server: two PEM files, read again when somebody has renewed them.

A certificate holds for some weeks and is renewed beside the running server. One that was read only at the start would
be served until it has run out, and from then on nobody could send.
"""

from __future__ import annotations

import logging
import ssl
import threading
import time
from pathlib import Path
from typing import NamedTuple

from model import Refused

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0


class _Served(NamedTuple):
    context: ssl.SSLContext
    key: bytes
    certificate: bytes


class Tls:
    """The certificate chain and the private key of a server; raises `Refused` where they are none.

    Whoever connects is served with the files as they are by then; they are looked at once a second at most. Files that
    cannot be served, such as a new chain whose key is not there yet, change nothing until they change again, and the
    log says so. Safe for use by several threads.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self.certificate = certificate
        self.key = key
        self._lock = threading.Lock()
        self._looked_at = time.monotonic()
        self._seen = self._stamp()
        self._served = self._read()

    def context(self) -> ssl.SSLContext:
        """What a server is started with; each handshake is made with the certificate that is there by then."""
        context = self._read().context

        def choose(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
            connection.context = self._now().context

        context.sni_callback = choose
        return context

    def pair(self) -> tuple[bytes, bytes]:
        """The private key and the certificate chain that are there now."""
        served = self._now()
        return served.key, served.certificate

    def _now(self) -> _Served:
        now = time.monotonic()
        if now - self._looked_at >= _LOOK_SECONDS and self._lock.acquire(blocking=False):
            try:
                self._looked_at = now
                self._look()
            finally:
                self._lock.release()
        return self._served

    def _look(self) -> None:
        stamp = self._stamp()
        if stamp == self._seen:
            return
        self._seen = stamp  # before they are read: what changes while they are is seen the next time
        try:
            self._served = self._read()
        except Refused as error:
            _log.error("the certificate has changed, and the one read before is served on: %s", error)
        else:
            _log.info("the certificate in %s has changed and is served now", self.certificate)

    def _read(self) -> _Served:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(self.certificate, self.key, password=_no_password)
            return _Served(context, self.key.read_bytes(), self.certificate.read_bytes())
        except (OSError, ValueError) as error:
            raise Refused(
                f"TLS cannot be served with {self.certificate} and {self.key}: {error}. Name the certificate chain "
                "and its private key, without a password, as PEM files."
            ) from error

    def _stamp(self) -> tuple[tuple[int, int, int, int] | None, ...]:
        return tuple(_stamp_of(each) for each in (self.certificate, self.key))


def _stamp_of(file: Path) -> tuple[int, int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def _no_password() -> str:
    raise ValueError("the private key has a password")

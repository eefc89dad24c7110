"""What the collector of one run is told beyond addresses: bounds, TLS, redaction, keys. Values only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from collector import Limits, Redactions, Tls
from model import Catalog, Redaction, Refused

_SHORTEST_SECRET = 16


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """How one run's collector is set up; key files hold a secret each."""

    limits: Limits = field(default_factory=Limits)
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    allow_plaintext: bool = False
    redaction_key_file: Path | None = None
    spool_key_file: Path | None = None
    accept_foreign_rows: bool = False

    def __post_init__(self) -> None:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise Refused("TLS needs both: name the certificate with --tls-certificate and its key with --tls-key.")

    @property
    def has_tls(self) -> bool:
        """Whether senders and people reach this process over TLS."""
        return self.tls_certificate is not None

    def tls(self) -> Tls | None:
        """The certificate; raises `Refused` where it cannot be served."""
        if self.tls_certificate is None or self.tls_key is None:
            return None
        return Tls(self.tls_certificate, self.tls_key)


def secret_of(file: Path | None) -> bytes | None:
    """The secret in a file, without the white space around it; None without a file. Raises `Refused`."""
    if file is None:
        return None
    try:
        secret = file.read_bytes().strip()
    except OSError as error:
        raise Refused(f"The key file {file} cannot be read: {error.strerror}.") from error
    if len(secret) < _SHORTEST_SECRET:
        raise Refused(f"The key file {file} holds less than {_SHORTEST_SECRET} bytes; make one: openssl rand -hex 32")
    return secret


class CatalogRedactions(Redactions):
    """The redaction rules of the catalogs in force; `catalog` gives a tenant's, or None where it has none."""

    def __init__(self, catalog: Callable[[str], Catalog | None], settings: IngestSettings) -> None:
        def rules(tenant: str) -> tuple[Redaction, ...]:
            found = catalog(tenant)
            return found.redactions if found else ()

        super().__init__(rules, secret_of(settings.redaction_key_file))

"""What one run of Throughline is told: folders, addresses, roles. Values only; `throughline.cli` fills them in."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from model import Refused
from throughline.ingest import IngestSettings

ROLES = ("collector", "correlator", "sla_engine", "alerting", "dashboard")
"""The parts of the platform that can run in processes of their own over a ClickHouse server."""


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where the tables are: in `data_dir`, or on the server at `clickhouse_url`."""

    data_dir: Path
    clickhouse_url: str | None = None

    def __post_init__(self) -> None:
        if self.clickhouse_url is not None and not self.clickhouse_url.strip():
            raise Refused(
                "--clickhouse-url is blank: give the server's URL, or leave the option out, and the tables are in the "
                "data folder."
            )


@dataclass(frozen=True, slots=True)
class Settings:
    """One `throughline up`. Ports up to 65,535, 0 for any free one; `tick_seconds` is how often SLAs are judged."""

    store: StoreSettings
    catalog: Path | None = None
    roles: tuple[str, ...] = ROLES
    host: str = "127.0.0.1"
    otlp_grpc_port: int = 4317
    otlp_http_port: int = 4318
    http_port: int = 8080
    tokens_file: Path | None = None
    public_url: str | None = None
    tick_seconds: float = 5.0
    standby: bool = False
    tokens: str | None = None
    ingest: IngestSettings = field(default_factory=IngestSettings)

    def __post_init__(self) -> None:
        if not self.roles:
            raise Refused(f"--roles names none: give all, or some of {', '.join(ROLES)}.")
        unknown = [role for role in self.roles if role not in ROLES]
        if unknown:
            raise Refused(f"Unknown role {unknown[0]!r}; the roles are all, {', '.join(ROLES)}.")
        if self.store.clickhouse_url is None and set(self.roles) != set(ROLES):
            raise Refused(
                "Roles run apart only over a ClickHouse server: embedded tables belong to one process. "
                "Give --clickhouse-url, or leave out --roles."
            )
        if self.tokens is not None and not self.tokens.strip():
            raise Refused("--tokens is blank: give the list of tokens, or leave the option out.")
        if self.tokens is not None and self.tokens_file is not None:
            raise Refused("Tokens are given twice: name a file in THROUGHLINE_TOKENS_FILE, or set THROUGHLINE_TOKENS.")
        if not is_loopback(self.host):
            self._check_open_address()

    def _check_open_address(self) -> None:
        if self.tokens_file is None and self.tokens is None:
            raise Refused(
                f"Listening on {self.host} needs authentication: name a tokens file in THROUGHLINE_TOKENS_FILE, "
                "or leave --host at 127.0.0.1."
            )
        if not self.ingest.has_tls and not self.ingest.allow_plaintext:
            raise Refused(
                f"Listening on {self.host} needs TLS, or tokens and data are there to be read: name a certificate with "
                "--tls-certificate and --tls-key. Where something in front of it ends TLS, say --allow-plaintext."
            )

    @property
    def base_url(self) -> str:
        """The dashboard's address as people reach it, without a slash at its end; it stands in every alert."""
        return (self.public_url or f"{self.scheme}://{_in_url(self.host)}:{self.http_port}").rstrip("/")

    @property
    def otlp_grpc(self) -> str:
        """Where OTLP is taken over gRPC, `host:port`."""
        return f"{_in_url(self.host)}:{self.otlp_grpc_port}"

    @property
    def otlp_http(self) -> str:
        """The address that takes OTLP/HTTP and CloudEvents."""
        return f"{self.scheme}://{_in_url(self.host)}:{self.otlp_http_port}"

    @property
    def scheme(self) -> str:
        """http, or https where a certificate is given."""
        return "https" if self.ingest.has_tls else "http"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host

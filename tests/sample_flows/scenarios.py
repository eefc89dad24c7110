"""One running platform with a tenant for each scenario, all histories sent, its findings held to the truth."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import sample_flows
from sample_flows.api import PlatformApi
from sample_flows.crowd import send_history
from sample_flows.history import History
from sample_flows.plans import PROCESSES
from sample_flows.systems import Endpoints
from sample_flows.truth import TruthFile, read_truth
from sample_flows.verify import Score, verify
from tests.support.platform import Platform

CATALOG = Path(sample_flows.__file__).parent / "catalog"
SEED = 6
DAYS = 5
ORDERS = 45
PATIENCE_SECONDS = 150
"""For a busy machine; where all is well, nobody waits so long."""


@dataclass(frozen=True)
class Scenarios:
    """A platform in which the histories of all scenarios have arrived."""

    platform: Platform
    folder: Path

    def findings(self, tenant: str) -> list[Score]:
        """What the platform says of a tenant's scenario, held to what is true of it, once it has settled."""
        api = PlatformApi(self.platform.http, tenant)
        truth = read_truth(self.folder / f"{tenant}.jsonl")
        return verify(truth, tuple(PROCESSES), api, lambda _: None, patience_seconds=PATIENCE_SECONDS)


@contextmanager
def running(folder: Path, scenarios: Mapping[str, tuple[str, ...]], *arguments: str) -> Iterator[Scenarios]:
    """A platform with these scenarios (tenant to faults); the token of a tenant is its name."""
    tokens = folder / "tokens.yaml"
    tokens.write_text("".join(_token(tenant) for tenant in scenarios), encoding="utf-8")
    tokens.chmod(0o600)
    platform = Platform(
        folder / "data", "--catalog", str(CATALOG), "--tokens-file", str(tokens), "--tick-seconds", "3", *arguments
    )
    try:
        for tenant, faults in scenarios.items():
            _send(platform, tenant, faults, folder)
        yield Scenarios(platform, folder)
    finally:
        platform.kill()


def _token(tenant: str) -> str:
    digest = hashlib.sha256(tenant.encode()).hexdigest()
    return f"- {{name: {tenant}, tenant: {tenant}, roles: [ingest, read], sha256: {digest}}}\n"


def _send(platform: Platform, tenant: str, faults: tuple[str, ...], folder: Path) -> None:
    history = History(SEED, ORDERS, datetime.now(UTC), DAYS, faults=faults)
    endpoints = Endpoints(platform.otlp_grpc, platform.otlp_http, tenant)
    truth = TruthFile(folder / f"{tenant}.jsonl")
    words: list[str] = []
    assert send_history(history, endpoints, truth, words.append, Event()) is not None, words
    truth.close()

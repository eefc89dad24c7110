"""Requests ClickHouse refused, kept with the reason until somebody retries or discards them.

Each is two files private to the user: `<id>.otlp`, the request's bytes, and `<id>.json`, who sent it and why it was
refused. The id derives from the segment and the bytes, so that a crash in between puts the same request there once.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from collector.requests import Accepted
from collector.sealing import Sealer, opened
from collector.segment import Signal
from collector.spool import Spool, sync_folder, write_synced
from model import NotFound


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One refused request; `received_at` and `at` (when it was refused) in RFC 3339."""

    id: str
    tenant: str
    signal: str
    segment_id: str
    items: int
    bytes: int
    reason: str
    received_at: str
    at: str
    sealed: bool = False
    """Whether its bytes are encrypted on disk."""


class Quarantine:
    """The folder of refused requests."""

    def __init__(self, folder: Path, sealer: Sealer | None = None) -> None:
        self._folder = folder
        self._sealer = sealer
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(
        self, accepted: Accepted, *, tenant: str, segment_id: str, reason: str, received_at: datetime, at: datetime
    ) -> Quarantined:
        """Keep a request; done when it is on disk."""
        entry = Quarantined(
            id=f"{segment_id}-{zlib.crc32(accepted.body):08x}",
            tenant=tenant,
            signal=accepted.signal.value,
            segment_id=segment_id,
            items=accepted.items,
            bytes=len(accepted.body),
            reason=reason,
            received_at=received_at.isoformat(),
            at=at.isoformat(),
            sealed=self._sealer is not None,
        )
        body = self._sealer.seal(accepted.body, tenant, accepted.signal) if self._sealer else accepted.body
        write_synced(self._folder / f"{entry.id}.otlp", body)
        write_synced(self._folder / f"{entry.id}.json", json.dumps(asdict(entry), indent=1).encode())
        sync_folder(self._folder)
        return entry

    def entries(self, tenant: str | None = None) -> list[Quarantined]:
        """What is kept, oldest first; of one tenant, or of all."""
        found = [Quarantined(**json.loads(path.read_bytes())) for path in sorted(self._folder.glob("*.json"))]
        return [each for each in found if tenant in (None, each.tenant)]

    def count(self) -> int:
        """How many requests are kept."""
        return sum(1 for _ in self._folder.glob("*.json"))

    def discard(self, entry_id: str, tenant: str | None = None) -> Quarantined:
        """Delete a request for good; raises `NotFound`."""
        entry = self._entry(entry_id, tenant)
        self._remove(entry)
        return entry

    def expire(self, before: datetime) -> list[Quarantined]:
        """Delete for good what was refused before that time, and give it back."""
        old = [each for each in self.entries() if datetime.fromisoformat(each.at) < before]
        for each in old:
            self._remove(each)
        return old

    def retry(self, entry_id: str, spool: Spool, tenant: str | None = None) -> Quarantined:
        """Give a request to the spool again as if it came now; raises `NotFound`, `SpoolFull`, `SealedAway`."""
        entry = self._entry(entry_id, tenant)
        body = (self._folder / f"{entry.id}.otlp").read_bytes()
        if entry.sealed:
            body = opened(self._sealer, body, entry.tenant, Signal(entry.signal))
        spool.append(entry.tenant, Accepted(Signal(entry.signal), body, entry.items)).result()
        return self.discard(entry_id, tenant)

    def _remove(self, entry: Quarantined) -> None:
        (self._folder / f"{entry.id}.json").unlink(missing_ok=True)
        (self._folder / f"{entry.id}.otlp").unlink(missing_ok=True)

    def _entry(self, entry_id: str, tenant: str | None) -> Quarantined:
        for entry in self.entries(tenant):
            if entry.id == entry_id:
                return entry
        raise NotFound(f"No request {entry_id} is in quarantine.")

"""Requests ClickHouse refused, kept with the reason until somebody retries or discards them.

Each is two files private to the user: `<id>.otlp`, the request's bytes, and `<id>.json`, who sent it and why it was
refused. The id derives from the segment, the bytes, when they were received and how many equal ones stand behind them
in the segment, so that a crash in between puts the same request there once, and equal ones are all there.

A retried request goes into the spool as a segment of its own. Its id is written into the entry before that segment is
made, and is used again by whoever repeats the retry after a crash. The rows of such a segment are looked for before
they are put in, so a request is never stored twice, wherever a crash came.

One whose `<id>.json` is damaged is listed as of nobody, with what its name tells: it cannot be retried, its bytes stay
until it is discarded or too old.

What one tenant may have here is bounded, and so is the whole: a tenant that has used up its share is refused at the
door, because nobody can say what of it would end up here.
"""

from __future__ import annotations

import threading
import zlib
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter

from collector.durable_file import replace_synced, sync_folder, write_synced
from collector.requests import Accepted
from collector.sealing import OVERHEAD, Sealer, opened
from collector.segment import Signal, new_segment_id, opened_at
from collector.spool import Spool
from model import NotFound, SpoolFull

_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class QuarantineLimits:
    """How many requests are kept, of all tenants together and of one, and how long."""

    requests: int = 1000
    of_tenant: int = 250
    days: int = 30


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
    retried_as: str | None = None
    """The segment it was given to the spool as, where somebody began to retry it and was interrupted."""


class Quarantine:
    """The folder of refused requests. Safe for use by several threads."""

    def __init__(self, folder: Path, sealer: Sealer | None = None, limits: QuarantineLimits | None = None) -> None:
        self._folder = folder
        self._sealer = sealer
        self.limits = limits or QuarantineLimits()
        self._lock = threading.Lock()
        self._deciding = threading.Lock()
        """Held by whoever retries or discards: what is about to be stored is not discarded as well."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._kept: Counter[str] = Counter()
        self.held: frozenset[str] = frozenset()
        """Tenants whose segments wait, because they hold refused requests and there is no room for these."""
        self.recount()

    def put(
        self,
        accepted: Accepted,
        *,
        tenant: str,
        segment_id: str,
        reason: str,
        received_at: datetime,
        at: datetime,
        equals_behind: int = 0,
    ) -> Quarantined | None:
        """Keep a request; done when it is on disk. None where there is no room for it.

        `equals_behind` is how many requests in the segment behind it have the same bytes and were received when it was.
        Offenders are taken out from the front, so that this number stays what it is while others are.
        """
        content = zlib.crc32(accepted.body, zlib.crc32(received_at.isoformat().encode()))
        entry = Quarantined(
            id=f"{segment_id}-{content:08x}" + (f"-{equals_behind}" if equals_behind else ""),
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
        with self._lock:
            is_new = not self._about(entry.id).exists()
            if is_new and not self.room(tenant):
                return None
            write_synced(self._folder / f"{entry.id}.otlp", body)
            replace_synced(self._about(entry.id), _json(entry))
            self._kept[tenant] += is_new
        return entry

    def entries(self, tenant: str | None = None) -> list[Quarantined]:
        """What is kept, oldest first; of one tenant, or of all."""
        found = (_read(path) for path in sorted(self._folder.glob("*.json")))
        return [each for each in found if each is not None and tenant in (None, each.tenant)]

    def count(self) -> int:
        """How many requests are kept."""
        return self._kept.total()

    def room(self, tenant: str) -> int:
        """How many more requests of a tenant may be kept."""
        return max(0, min(self.limits.of_tenant - self._kept[tenant], self.limits.requests - self._kept.total()))

    def is_closed_to(self, tenant: str) -> bool:
        """Whether a tenant's requests are to be refused at the door, until somebody has looked at those kept here."""
        return self._kept[tenant] >= self.limits.of_tenant or tenant in self.held

    def closed_to(self) -> frozenset[str]:
        """All such tenants."""
        return self.held | {tenant for tenant, kept in self._kept.copy().items() if kept >= self.limits.of_tenant}

    def recount(self) -> None:
        """Look at the folder again, from which somebody may have deleted files by hand."""
        with self._lock:
            self._kept = Counter(each.tenant for each in self.entries())

    def discard(self, entry_id: str, tenant: str | None = None) -> Quarantined:
        """Delete a request for good; raises `NotFound`."""
        with self._deciding:
            entry = self._entry(entry_id, tenant)
            self._remove(entry)
        return entry

    def expire(self, before: datetime) -> list[Quarantined]:
        """Delete for good what was refused before that time, and give it back."""
        with self._deciding:
            old = [each for each in self.entries() if datetime.fromisoformat(each.at) < before]
            for each in old:
                self._remove(each)
        return old

    def retry(self, entry_id: str, spool: Spool, now: datetime, tenant: str | None = None) -> Quarantined:
        """Give a request to the spool again as if it came now; raises `NotFound`, `SpoolFull`, `SealedAway`."""
        with self._deciding:
            entry = self._entry(entry_id, tenant)
            if entry.signal == _UNKNOWN:
                raise NotFound(f"Request {entry.id} cannot be sent again: {entry.reason}.")
            body = self._body(entry)
            if entry.sealed:
                body = opened(self._sealer, body, entry.tenant, Signal(entry.signal))
            if entry.retried_as is None:
                # First, because its id sets the time of its rows: what is refused now may be tried again much later.
                spool.make_sure_of_room(entry.tenant, len(body))
                entry = replace(entry, retried_as=new_segment_id(now))
                try:
                    replace_synced(self._about(entry.id), _json(entry))
                except OSError as error:
                    raise SpoolFull(f"the quarantine cannot be written ({error.strerror}); try again later") from error
            spool.adopt(str(entry.retried_as), entry.tenant, Accepted(Signal(entry.signal), body, entry.items))
            self._remove(entry)
        return entry

    def recover(self, spool: Spool) -> None:
        """At the start: finish what a crash interrupted."""
        for path in self._folder.glob("*.new"):
            path.unlink()
        for path in self._folder.glob("*.otlp"):
            if not self._about(path.stem).exists():
                path.unlink()  # half put here, so still in its segment, or half removed
        waiting = {each.id for each in spool.closed()}
        for each in self.entries():
            if each.retried_as in waiting:
                self._remove(each)

    def _remove(self, entry: Quarantined) -> None:
        with self._lock:
            was_kept = self._about(entry.id).exists()
            self._about(entry.id).unlink(missing_ok=True)
            self._kept[entry.tenant] -= was_kept
            (self._folder / f"{entry.id}.otlp").unlink(missing_ok=True)
            sync_folder(self._folder)

    def _entry(self, entry_id: str, tenant: str | None) -> Quarantined:
        for entry in self.entries(tenant):
            if entry.id == entry_id:
                return entry
        raise NotFound(f"No request {entry_id} is in quarantine.")

    def _body(self, entry: Quarantined) -> bytes:
        """Its bytes as they lie on disk; what is gone or not as long as it was cannot become whole again."""
        name = f"{entry.id}.otlp"
        try:
            body = (self._folder / name).read_bytes()
        except FileNotFoundError:
            raise NotFound(
                f"Request {entry.id} cannot be sent again: its bytes, {name}, are gone. Discard it."
            ) from None
        if len(body) != entry.bytes + (OVERHEAD if entry.sealed else 0):
            raise NotFound(f"Request {entry.id} cannot be sent again: its bytes, {name}, are damaged. Discard it.")
        return body

    def _about(self, entry_id: str) -> Path:
        return self._folder / f"{entry_id}.json"


_ENTRY = TypeAdapter(Quarantined)


def _read(path: Path) -> Quarantined | None:
    try:
        entry = _ENTRY.validate_json(path.read_bytes())
        Signal(entry.signal)
        is_sound = entry.id == path.stem and datetime.fromisoformat(entry.at).tzinfo is not None
    except FileNotFoundError:
        return None  # another thread removed it in between
    except ValueError:
        is_sound = False
    return entry if is_sound else _undescribed(path)


def _undescribed(path: Path) -> Quarantined | None:
    """What can be said of a request whose description is damaged; None where the file is not one of ours."""
    body, segment_id = path.with_suffix(".otlp"), "-".join(path.stem.split("-")[:2])
    try:
        at = opened_at(segment_id).isoformat()
        size = body.stat().st_size
    except (ValueError, FileNotFoundError):
        return None
    reason = f"{path.name}, which says who sent it as what, is damaged; its bytes are kept in {body.name}"
    return Quarantined(path.stem, "", _UNKNOWN, segment_id, 0, size, reason, received_at=at, at=at)


def _json(entry: Quarantined) -> bytes:
    return _ENTRY.dump_json(entry, indent=1)

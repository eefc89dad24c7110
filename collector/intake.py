"""The one way in, whatever the protocol: who sends, whether there is room, onto disk, and only then "accepted".

Every refusal is a `Refusal` with a reason from the table below: the receivers turn it into a gRPC status or an HTTP
response, and it is counted by that reason.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from collector.acknowledging import Acknowledgements
from collector.aside import Aside
from collector.counters import Counters
from collector.quarantine import Quarantine
from collector.requests import NESTING, Accepted
from collector.spool import Spool
from model import BadRequest, Clock, NotSupported, Refused, SpoolFull, SystemClock
from model.access import Access, Principal


class Answer(NamedTuple):
    """What a reason means on the wire: the HTTP status, the code of google.rpc.Status, whether to send again."""

    http: int
    code: int
    retryable: bool = False


REASONS = {
    "malformed": Answer(400, 3),
    "unauthenticated": Answer(401, 16),
    "forbidden": Answer(403, 7),
    "not_supported": Answer(404, 12),
    "method": Answer(405, 12),
    "too_slow": Answer(408, 4),
    "too_large": Answer(413, 8),
    "headers_too_large": Answer(431, 8),
    "media_type": Answer(415, 3),
    "content_encoding": Answer(415, 3),
    "quarantine_full": Answer(429, 8, retryable=True),
    "no_catalog": Answer(503, 14, retryable=True),
    "spool_full": Answer(503, 14, retryable=True),
    "busy": Answer(503, 14, retryable=True),
    "connections": Answer(503, 14, retryable=True),
}
"""OTLP 1.x: only 429, 502, 503, 504, UNAVAILABLE and RESOURCE_EXHAUSTED with RetryInfo are worth sending again; codes
as in google.rpc.Code."""


class Refusal(Refused):
    """A request is not accepted; `reason` is one of `REASONS`."""

    def __init__(self, reason: str, message: str) -> None:
        # What is quoted of a request may be no Unicode; the answer must be.
        super().__init__(message.encode("utf-8", "replace").decode())
        self.reason = reason

    @property
    def answer(self) -> Answer:
        """What to say on the wire."""
        return REASONS[self.reason]


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """What one request, and all at a time, may take; sizes in bytes."""

    request_bytes: int = 16 << 20
    """As sent."""
    decompressed_bytes: int = 16 << 20
    header_seconds: float = 15.0
    """From opening a connection, or the first byte of a further request, to the last byte of its headers over HTTP."""
    idle_seconds: float = 75.0
    """How long an HTTP connection may rest between requests: longer than exporters do."""
    body_seconds: float = 60.0
    """From the first to the last byte of a body over HTTP."""
    concurrent: int = 256
    """Requests worked on at a time."""
    in_flight_bytes: int = 128 << 20
    """Of all requests being read and worked on: they are in memory."""
    connections: int = 2048
    """Open at a time, over HTTP and over gRPC each."""
    header_bytes: int = 64 << 10
    """Of all headers of a request."""
    nesting: int = NESTING
    """How deep lists and maps in values may lie in one another."""
    retry_seconds: int = 2
    """What a sender is asked to wait after a refusal that is worth sending again."""


_NO_MEMORY = "the requests being worked on take all the memory they may; send again later"


class Running:
    """One request being worked on, and how much memory it holds."""

    def __init__(self, hold: Callable[[int, int], None]) -> None:
        self._hold = hold
        self.held_bytes = 0

    def hold(self, size: int) -> None:
        """Take so many bytes of what all requests together may; raises `Refusal` where it is used up."""
        self._hold(size, self.held_bytes)
        self.held_bytes += size


class Intake:
    """Takes requests of all receivers; its methods belong to the event loop the receivers run in."""

    def __init__(
        self,
        spool: Spool,
        access: Access,
        counters: Counters,
        *,
        limits: IntakeLimits | None = None,
        quarantine: Quarantine | None = None,
        clock: Clock | None = None,
        takes_tenant: Callable[[str], bool] | None = None,
    ) -> None:
        self._spool = spool
        self._takes_tenant = takes_tenant
        self._quarantine = quarantine
        self._access = access
        self.counters = counters
        self.clock = clock or SystemClock()
        self.limits = limits or IntakeLimits()
        self.aside = Aside()
        self._acknowledgements = Acknowledgements()
        self._running = 0
        self._held_bytes = 0

    def close(self) -> None:
        """Free the threads, once no receiver is left; a second call does nothing."""
        self.aside.close()

    def principal(self, authorization: str | None) -> Principal:
        """Who sends, by the value of the Authorization header; raises `Refusal`."""
        scheme, _, token = (authorization or "").partition(" ")
        principal = self._access.principal(token.strip() if scheme.lower() == "bearer" else None)
        if principal is None:
            raise Refusal("unauthenticated", "a bearer token that is known here is needed")
        if not principal.may("ingest"):
            raise Refusal("forbidden", f"the token of {principal.name} may not send telemetry: it has no role `ingest`")
        if self._takes_tenant is not None and not self._takes_tenant(principal.tenant):
            raise Refusal(
                "no_catalog", f"the catalog is not yet in force for tenant {principal.tenant}; send again later"
            )
        return principal

    def check_room(self) -> None:
        """Raise `Refusal` where one request more is too many, or memory is used up."""
        if self._running >= self.limits.concurrent:
            raise Refusal("busy", f"{self._running} requests are being worked on; send again later")
        if self._held_bytes >= self.limits.in_flight_bytes:
            raise Refusal("busy", _NO_MEMORY)

    @contextmanager
    def request(self) -> Iterator[Running]:
        """The time one request is worked on; raises `Refusal` where too many are."""
        self.check_room()
        self._running += 1
        running = Running(self._hold)
        try:
            yield running
        finally:
            self._running -= 1
            self._held_bytes -= running.held_bytes

    def _hold(self, size: int, held: int) -> None:
        if held + size > self.limits.in_flight_bytes:
            raise Refusal(
                "too_large",
                f"the request takes more memory than the {self.limits.in_flight_bytes} bytes that all requests being "
                "worked on may take together",
            )
        if self._held_bytes + size > self.limits.in_flight_bytes:
            raise Refusal("busy", _NO_MEMORY)
        self._held_bytes += size

    async def store(self, principal: Principal, accepted: Accepted, protocol: str) -> None:
        """Make a request durable; when this returns it may be acknowledged. Raises `Refusal`."""
        if accepted.items:
            self._check_size(len(accepted.body))
            self._check_quarantine(principal.tenant)
            began = time.monotonic()
            try:
                await self._acknowledgements.durable(self._spool.append(principal.tenant, accepted))
            except SpoolFull as error:
                raise Refusal("spool_full", str(error)) from error
            self.counters.observe("spool_seconds", time.monotonic() - began)
        signal = accepted.signal.value
        if accepted.rejected:
            self.counters.add("refused_items", accepted.rejected, reason="nested", signal=signal, protocol=protocol)
        if accepted.reserved:
            self.counters.add(
                "refused_attributes", accepted.reserved, reason="reserved", signal=signal, protocol=protocol
            )
        self.counters.add("accepted_requests", signal=signal, protocol=protocol)
        self.counters.add("accepted_items", accepted.items, signal=signal, protocol=protocol)
        self.counters.add("accepted_bytes", len(accepted.body), signal=signal, protocol=protocol)

    def _check_size(self, size: int) -> None:
        # Lists and maps as JSON text may be several times as long as sent. Sent again, it would not fit either.
        most = min(self._spool.limits.waiting_bytes, self._spool.limits.total_bytes)
        if size > most:
            raise Refusal(
                "too_large",
                f"the request takes {size} bytes as stored, with its lists and maps as JSON text, and no more than "
                f"{most} bytes may wait for the disk",
            )

    def _check_quarantine(self, tenant: str) -> None:
        # ClickHouse is asked much later than the sender is answered, so what is wrong with a request is not known here.
        if self._quarantine is not None and self._quarantine.is_closed_to(tenant):
            raise Refusal(
                "quarantine_full",
                f"ClickHouse refused so many requests of tenant {tenant} that no more of them are kept: look at them, "
                "retry or discard them; until then nothing of this tenant is taken",
            )

    def refused(self, error: Refused, protocol: str) -> Refusal:
        """The refusal an error amounts to, counted."""
        if isinstance(error, Refusal):
            refusal = error
        elif isinstance(error, BadRequest):
            refusal = Refusal("malformed", str(error))
        elif isinstance(error, NotSupported):
            refusal = Refusal("not_supported", str(error))
        else:
            raise error
        self.counters.add("refused_requests", reason=refusal.reason, protocol=protocol)
        return refusal

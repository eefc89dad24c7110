"""The collector put together: receivers, spool and writer, started in the order in which nothing can be lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from collector.counters import Counters, Sample, gauges
from collector.foreign import ForeignRows
from collector.grpc_receiver import GrpcReceiver
from collector.http_receiver import HttpReceiver
from collector.intake import Intake, IntakeLimits
from collector.quarantine import Quarantine, Quarantined, QuarantineLimits
from collector.redaction import Redactions
from collector.sealing import Sealer
from collector.spool import Spool, SpoolLimits
from collector.tls import Tls
from collector.writer import Writer, WriterLimits
from model import Clock, SystemClock
from model.access import Access
from store import Store


@dataclass(frozen=True, slots=True)
class Limits:
    """Every bound of the collector."""

    intake: IntakeLimits = field(default_factory=IntakeLimits)
    spool: SpoolLimits = field(default_factory=SpoolLimits)
    writer: WriterLimits = field(default_factory=WriterLimits)
    quarantine: QuarantineLimits = field(default_factory=QuarantineLimits)


class Collector:
    """Takes telemetry and events from `start` to `stop`; one per data folder.

    Holds `<data_dir>/spool` and `<data_dir>/quarantine`; raises `StoreInUse` where another process has them. Port 0
    takes a free one, which `grpc_port` and `http_port` tell once it is started. Without a store it only fills the
    spool. With `spool_secret` what lies in spool and quarantine is encrypted. A tenant that `takes_tenant` says no to,
    asked at each request, is refused as retryable.
    """

    def __init__(
        self,
        store: Store | None,
        data_dir: Path,
        *,
        access: Access | None = None,
        host: str = "127.0.0.1",
        grpc_port: int = 4317,
        http_port: int = 4318,
        limits: Limits | None = None,
        clock: Clock | None = None,
        on_commit: Callable[[], object] | None = None,
        redactions: Redactions | None = None,
        takes_tenant: Callable[[str], bool] | None = None,
        tls: Tls | None = None,
        spool_secret: bytes | None = None,
        accept_foreign_rows: bool = False,
    ) -> None:
        limits = limits or Limits()
        self._clock = clock = clock or SystemClock()
        self.counters = Counters()
        sealer = Sealer(spool_secret) if spool_secret else None
        self.spool = Spool(data_dir / "spool", limits=limits.spool, clock=clock, sealer=sealer)
        self.quarantine = Quarantine(data_dir / "quarantine", sealer, limits.quarantine)
        self.quarantine.recover(self.spool)
        self.writer: Writer | None = None
        if store is not None:
            try:
                self.writer = Writer(
                    store,
                    self.spool,
                    self.quarantine,
                    clock=clock,
                    counters=self.counters,
                    on_commit=on_commit,
                    limits=limits.writer,
                    redactions=redactions,
                )
            except BaseException:
                self.spool.release()
                raise
        self._foreign = ForeignRows(store, clock, on_commit) if store is not None and accept_foreign_rows else None
        self._intake = Intake(
            self.spool,
            access or Access(is_open=True),
            self.counters,
            limits=limits.intake,
            quarantine=self.quarantine,
            clock=clock,
            takes_tenant=takes_tenant,
        )
        self._grpc = GrpcReceiver(self._intake, host, grpc_port, tls)
        self._http = HttpReceiver(self._intake, host, http_port, tls)

    @property
    def grpc_port(self) -> int:
        """The port OTLP/gRPC is served on."""
        return self._grpc.port

    @property
    def http_port(self) -> int:
        """The port OTLP/HTTP and CloudEvents are served on."""
        return self._http.port

    async def start(self) -> None:
        """Serve; raises `Refused` naming the port that is taken, with nothing left running."""
        self.spool.start()
        if self.writer is not None:
            self.writer.start()
        if self._foreign is not None:
            self._foreign.start()
        try:
            await self._grpc.start()
            await self._http.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End the receivers, put what was accepted on disk and, while ClickHouse answers, into it."""
        await asyncio.gather(self._http.stop(), self._grpc.stop())
        self._intake.close()
        await asyncio.to_thread(self.spool.stop)
        if self.writer is not None:
            await asyncio.to_thread(self.writer.stop)
        if self._foreign is not None:
            await asyncio.to_thread(self._foreign.stop)
        self.spool.release()

    def ready(self) -> bool:
        """Whether requests can be accepted: the spool can be written and is not full."""
        return self.spool.ready()

    def samples(self) -> Iterator[Sample]:
        """All figures, for `/metrics`."""
        yield from self.counters.samples()
        yield from gauges(
            {
                "spool_bytes": self.spool.depth_bytes,
                "spool_age_seconds": self.spool.age_seconds,
                "spool_waiting_segments": self.spool.closed_segments,
                "spool_damaged_files": self.spool.damaged_files,
                "quarantine_requests": self.quarantine.count(),
                "quarantine_closed_tenants": len(self.quarantine.closed_to()),
                "writer_failing": float(self.writer is not None and self.writer.last_error is not None),
            }
        )

    def list_quarantine(self, tenant: str | None = None) -> list[Quarantined]:
        """Requests ClickHouse refused, oldest first."""
        return self.quarantine.entries(tenant)

    def retry_quarantined(self, entry_id: str, tenant: str | None = None) -> Quarantined:
        """Send a refused request through again; raises `NotFound`, `SpoolFull`."""
        return self.quarantine.retry(entry_id, self.spool, self._clock.now(), tenant)

    def discard_quarantined(self, entry_id: str, tenant: str | None = None) -> Quarantined:
        """Delete a refused request for good; raises `NotFound`."""
        return self.quarantine.discard(entry_id, tenant)

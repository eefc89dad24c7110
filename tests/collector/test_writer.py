"""The writer puts each segment in once: whatever happened to earlier attempts, and whatever is in it."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import grpc
import httpx
import pytest
from google.rpc import status_pb2

from collector import (
    Collector,
    Limits,
    Redactions,
    SpoolLimits,
    WriterLimits,
    committed_segments,
    decode,
    new_segment_id,
    spans_of_segments,
)
from collector.bisection import named
from collector.counters import Counters
from collector.open_segment import segment_path
from collector.poison import QuarantineFull
from collector.quarantine import Quarantine, QuarantineLimits
from collector.requests import Accepted, accept
from collector.segment import ClosedSegment, Signal
from collector.spool import Spool
from collector.writer import Writer
from model import ManualClock, NotFound, Refused, StoreUnavailable, SystemClock, catalog_from_sources
from model.access import access_from_text
from store import StatementFailed, Store
from tests.collector.payloads import logs, poison, spans
from tests.collector.running import RunningCollector, wait_for
from tests.support.clickhouse_server import ClickHouseServer

_PROTOBUF = {"content-type": "application/x-protobuf"}
_HASHED = "redaction: [{id: orders, attributes: order.id, action: hash}]"


class _Bench:
    """A spool with its writer, moved by hand."""

    def __init__(self, store: Store, folder: Path, limits: QuarantineLimits | None = None) -> None:
        self.store = store
        self.folder = folder
        self.spool = Spool(folder / "spool", limits=SpoolLimits(segment_seconds=3600))
        self.quarantine = Quarantine(folder / "quarantine", limits=limits)
        self.counters = Counters()
        self.writer = Writer(store, self.spool, self.quarantine, clock=SystemClock(), counters=self.counters)

    def segment(self, *bodies: bytes | Accepted) -> ClosedSegment:
        self.spool.start()
        for body in bodies:
            accepted = body if isinstance(body, Accepted) else accept(Signal.TRACES, body)
            self.spool.append("default", accepted).result(10)
        self.spool.stop()
        (segment,) = self.spool.closed()
        return segment

    def move(self) -> None:
        """Move all there is, however often a segment goes to the end of the queue."""
        while (segment := self.spool.take(0)) is not None:
            self.writer.move(segment)

    def count(self, table: str = "otel_traces") -> int:
        return int(self.store.value(f"SELECT count() FROM {table}"))


@pytest.fixture
def bench(store: Store, tmp_path: Path) -> Iterator[_Bench]:
    made = _Bench(store, tmp_path)
    yield made
    made.spool.release()


def test_a_segment_is_one_part_and_one_row_of_segments(bench: _Bench) -> None:
    segment = bench.segment(*(spans(40, first=40 * n).SerializeToString() for n in range(5)))
    bench.writer.move(segment)
    assert bench.count() == 200
    parts = bench.store.rows(
        "SELECT rows FROM system.parts WHERE database = currentDatabase() AND table = 'otel_traces' AND active"
    )
    assert parts == [{"rows": 200}]
    (row,) = bench.store.rows(committed_segments())
    assert (row["tenant"], row["segment_id"], row["signal"], row["rows"]) == ("default", segment.id, "traces", 200)
    assert not segment.path.exists()
    assert bench.spool.depth_bytes == 0
    assert len(bench.store.rows(spans_of_segments("default", [segment.id]))) == 200
    assert bench.store.rows(spans_of_segments("other", [segment.id])) == []
    assert bench.store.rows(spans_of_segments("default", [])) == []


def test_a_segment_that_is_in_already_is_not_put_in_again(bench: _Bench) -> None:
    segment = bench.segment(spans(7).SerializeToString())
    data = segment.path.read_bytes()
    bench.writer.move(segment)
    # As after a crash between the INSERT and the deletion of the file.
    segment.path.write_bytes(data)
    bench.spool.release()
    again = _Bench(bench.store, bench.folder)
    found = again.spool.take(0)
    assert found is not None
    again.writer.move(found)
    assert again.count() == 7
    assert len(again.store.rows(committed_segments())) == 1
    assert not segment.path.exists()
    again.spool.release()


def test_a_segment_that_is_half_in_is_taken_out_and_put_in_whole(bench: _Bench) -> None:
    segment = bench.segment(spans(7).SerializeToString())
    bench.spool.release()
    again = _Bench(bench.store, bench.folder)
    found = again.spool.take(0)
    assert found is not None
    data = found.path.read_bytes()
    again.writer._insert(found, data)
    again.store.execute("DELETE FROM otel_traces WHERE SpanId = '0000000000000003'")
    assert again.count() == 6
    again.writer.move(found)
    assert again.count() == 7
    assert segment.id == found.id
    again.spool.release()


def test_a_request_clickhouse_refuses_goes_to_quarantine_and_the_rest_goes_in(bench: _Bench) -> None:
    bodies = [spans(3, first=3 * n).SerializeToString() for n in range(5)]
    bodies.insert(2, poison())
    bodies.append(poison() + poison())
    bench.segment(*bodies)
    bench.move()
    assert bench.count() == 15
    (segment,) = bench.store.rows(committed_segments())
    assert segment["rows"] == 15
    entries = bench.quarantine.entries()
    assert [entry.items for entry in entries] in ([1, 2], [2, 1])
    assert {entry.reason for entry in entries} == {"UNKNOWN_PROTOBUF_FORMAT (444)"}
    assert entries[0].segment_id == segment["segment_id"]
    files = sorted((bench.folder / "quarantine").iterdir())
    assert len(files) == 4
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    assert poison() in {file.read_bytes() for file in files if file.suffix == ".otlp"}
    assert json.loads(files[0].read_bytes() if files[0].suffix == ".json" else files[1].read_bytes())["reason"]
    assert bench.spool.depth_bytes == 0
    assert bench.counters.value("quarantined") == 2


def test_a_segment_of_nothing_but_refused_requests_leaves_no_row(bench: _Bench) -> None:
    bench.segment(poison())
    bench.move()
    assert (bench.count(), bench.store.rows(committed_segments())) == (0, [])
    assert bench.quarantine.count() == 1
    assert bench.spool.closed_segments == 0


@pytest.mark.slow
def test_what_takes_too_much_memory_is_taken_out_and_what_does_so_only_together_goes_in(
    bench: _Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def each_with_a_large_resource(count: int, first: int) -> bytes:
        request = spans(count, first=first)
        request.resource_spans[0].resource.attributes.add(key="annotations").value.string_value = "x" * 200_000
        return request.SerializeToString()

    monkeypatch.setattr(decode, "MEMORY_BYTES", 300_000_000)
    bodies = [each_with_a_large_resource(500, 500 * n) for n in range(3)]
    waiting = bench.segment(*bodies[:2], each_with_a_large_resource(2000, 2000), bodies[2])
    with pytest.raises(StoreUnavailable, match="memory limit"):
        bench.writer.move(waiting)
    bench.writer.move(replace(waiting, may_be_stored=True))
    bench.move()
    assert [(entry.items, entry.reason) for entry in bench.quarantine.entries()] == [
        (2000, "MEMORY_LIMIT_EXCEEDED (241)")
    ]
    assert bench.count() == 1500
    assert len(bench.store.rows("SELECT SpanId FROM otel_traces GROUP BY SpanId")) == 1500
    assert sum(row["rows"] for row in bench.store.rows(committed_segments())) == 1500
    assert bench.spool.depth_bytes == 0


def test_no_value_of_a_sender_is_quoted_where_a_table_refuses_it(
    bench: _Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.store.execute("ALTER TABLE otel_traces ADD CONSTRAINT short CHECK length(SpanName) < 5")
    bench.segment(spans(1).SerializeToString())
    bench.writer.start()
    wait_for(lambda: bench.writer.last_error is not None)
    bench.store.execute("ALTER TABLE otel_traces DROP CONSTRAINT short")
    bench.writer.stop()
    assert "otel_traces" in caplog.text
    assert "VIOLATED_CONSTRAINT (469)" in caplog.text
    assert "POST /orders" not in caplog.text


@pytest.mark.parametrize(
    "text",
    [
        "Code: 395. DB::Exception: a (LEAK) in it: while executing. (NAME_OF_IT)",
        "Received ... Code: 395. DB::Exception: a (LEAK) (version) (NAME_OF_IT) (version 26.9.2.1 (official build))",
        "Code: 395. DB::Exception: a (LEAK)\nand (LEAK)\n(NAME_OF_IT) (version 26.9.2.1) (for url http://127.0.0.1:8123)",
    ],
)
def test_only_the_name_and_the_number_of_a_refusal_are_told(text: str) -> None:
    assert named(StatementFailed(text, 395)) == "NAME_OF_IT (395)"


def test_a_flood_of_refused_requests_stops_the_writer_and_discards_nothing(store: Store, tmp_path: Path) -> None:
    bench = _Bench(store, tmp_path, QuarantineLimits(requests=0))
    segment = bench.segment(poison(), spans(1).SerializeToString())
    with pytest.raises(QuarantineFull):
        bench.writer.move(segment)
    assert segment.path.exists()
    assert bench.quarantine.count() == 0
    bench.spool.release()


def test_a_tenant_that_has_used_up_its_share_is_refused_and_others_go_on(store: Store, tmp_path: Path) -> None:
    limits = Limits(spool=SpoolLimits(segment_seconds=0.05), quarantine=QuarantineLimits(requests=10, of_tenant=2))
    with RunningCollector(
        store, tmp_path, limits=limits, access=access_from_text(_tokens("noisy", "quiet"))
    ) as running:

        def send(tenant: str, body: bytes) -> httpx.Response:
            headers = {**_PROTOBUF, "authorization": f"Bearer {tenant}"}
            return httpx.post(f"{running.http}/v1/traces", content=body, headers=headers)

        collector = running.collector
        bad = [poison() * (1 + n) for n in range(5)]
        for body in bad:
            send("noisy", body)
        wait_for(lambda: collector.quarantine.count() == 2)
        refused = send("noisy", spans(1).SerializeToString())
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
        status = status_pb2.Status.FromString(refused.content)
        assert status.code == 8
        assert "tenant noisy" in status.message
        with grpc.insecure_channel(running.grpc) as channel:
            export = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
            with pytest.raises(grpc.RpcError) as told:
                export(spans(1).SerializeToString(), metadata=(("authorization", "Bearer noisy"),))
        assert told.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "grpc-status-details-bin" in dict(told.value.trailing_metadata())
        assert collector.counters.value("refused_requests", reason="quarantine_full") >= 2
        assert send("quiet", spans(3).SerializeToString()).status_code == 200
        wait_for(lambda: store.value("SELECT count() FROM otel_traces WHERE Tenant = 'quiet'") == 3)
        figures = {sample.name: sample.value for sample in collector.samples()}
        assert figures["throughline_collector_quarantine_closed_tenants"] == 1
        # Once somebody has looked, what waits goes on: into quarantine as far as there is room, and so to the end.
        accepted = int(collector.counters.value("accepted_requests", signal="traces")) - 1
        seen = 0
        while seen < accepted:
            wait_for(lambda: collector.quarantine.count() > 0)
            for entry in collector.list_quarantine("noisy"):
                collector.discard_quarantined(entry.id)
                seen += 1
        wait_for(lambda: collector.spool.depth_bytes == 0)
        wait_for(lambda: send("noisy", spans(2, first=9).SerializeToString()).status_code == 200)
        wait_for(lambda: store.value("SELECT count() FROM otel_traces WHERE Tenant = 'noisy'") >= 2)


def test_when_the_data_is_not_at_fault_nothing_goes_to_quarantine(bench: _Bench) -> None:
    segment = bench.segment(spans(3).SerializeToString())
    bench.store.execute("RENAME TABLE otel_traces TO elsewhere")
    with pytest.raises(Exception, match="not in the data"):
        bench.writer.move(segment)
    assert bench.quarantine.count() == 0
    bench.store.execute("RENAME TABLE elsewhere TO otel_traces")
    bench.writer.move(segment)
    assert bench.count() == 3


def _tokens(*tenants: str) -> str:
    return "\n".join(
        f"- {{name: {name}, tenant: {name}, roles: [ingest], sha256: {hashlib.sha256(name.encode()).hexdigest()}}}"
        for name in tenants
    )


def _send(running: RunningCollector, tenant: str, signal: str, body: bytes) -> None:
    headers = {**_PROTOBUF, "authorization": f"Bearer {tenant}"}
    assert httpx.post(f"{running.http}/v1/{signal}", content=body, headers=headers).status_code == 200


def _wait_for_rows(store: Store, count: int, table: str = "otel_traces") -> None:
    wait_for(lambda: store.value(f"SELECT count() FROM {table}") == count)


def _wait_for_failures(counters: Counters, count: int) -> None:
    wait_for(lambda: counters.value("insert_failures") >= count)


def test_a_tenant_whose_hashes_have_no_key_keeps_no_other_waiting(store: Store, tmp_path: Path) -> None:
    rules = {"keyless": catalog_from_sources([("a", _HASHED)]).redactions}
    redactions = Redactions(lambda tenant: rules.get(tenant, ()))
    access = access_from_text(_tokens("keyless", "other"))
    limits = Limits(spool=SpoolLimits(segment_seconds=0.02))
    with RunningCollector(store, tmp_path, access=access, limits=limits, redactions=redactions) as running:
        writer = running.collector.writer
        assert writer is not None
        _send(running, "keyless", "traces", spans(1).SerializeToString())
        _send(running, "keyless", "logs", logs(1).SerializeToString())
        wait_for(lambda: len(writer.waiting) == 1 and writer.waiting[0].startswith("2 segments: The catalog of tenant"))
        for number in range(3):
            _send(running, "other", "traces", spans(1, first=number).SerializeToString())
            _wait_for_rows(store, number + 1)
        assert "tenant keyless hashes values" in str(writer.last_error)
        # They are taken at the door as before, and go in once there is a key, or nothing to hash.
        _send(running, "keyless", "traces", spans(1, first=9).SerializeToString())
        rules.clear()
        wait_for(lambda: running.collector.spool.depth_bytes == 0)
        assert (writer.last_error, writer.waiting) == (None, ())
    assert store.value("SELECT count() FROM otel_traces") == 5
    assert store.value("SELECT count() FROM otel_logs") == 1


def test_what_waits_for_a_key_is_bounded_in_age(store: Store, tmp_path: Path) -> None:
    found = catalog_from_sources([("a", _HASHED)]).redactions
    clock = ManualClock(SystemClock().now())
    spool = Spool(tmp_path / "spool", clock=clock)
    spool.adopt(new_segment_id(clock.now()), "keyless", accept(Signal.TRACES, spans(1).SerializeToString()))
    writer = Writer(
        store,
        spool,
        Quarantine(tmp_path / "quarantine"),
        clock=clock,
        counters=Counters(),
        redactions=Redactions(lambda _tenant: found),
    )
    writer.start()
    wait_for(lambda: writer.waiting != ())
    clock.advance(timedelta(days=31))
    writer._next_cleaning = 0.0
    wait_for(lambda: spool.depth_bytes == 0)
    assert spool.closed() == ()
    spool.stop()
    writer.stop()
    spool.release()


def _waiting(spool: Spool, count: int) -> list[str]:
    """The ids of so many segments of one span each, put on disk now."""
    ids = [new_segment_id(SystemClock().now() + timedelta(seconds=number)) for number in range(count)]
    for number, segment_id in enumerate(ids):
        spool.adopt(segment_id, "default", accept(Signal.TRACES, spans(1, first=number).SerializeToString()))
    return ids


def test_segments_that_cannot_be_read_keep_no_others_waiting(store: Store, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", limits=SpoolLimits(segment_seconds=0.02))
    paths = [segment_path(spool.folder, each) for each in _waiting(spool, 3)]
    for path in paths:
        path.rename(path.with_suffix(".aside"))
        path.mkdir()
    limits = WriterLimits(first_wait=0.02, last_wait=0.1)
    quarantine = Quarantine(tmp_path / "quarantine")
    writer = Writer(store, spool, quarantine, clock=SystemClock(), counters=Counters(), limits=limits)
    spool.start()
    writer.start()
    wait_for(lambda: sum(int(each.split()[0]) for each in writer.waiting) == 3)
    for number in range(10, 15):
        spool.append("default", accept(Signal.TRACES, spans(1, first=number).SerializeToString())).result(10)
        _wait_for_rows(store, number - 9)
    for path in paths:
        path.rmdir()
        path.with_suffix(".aside").rename(path)
    _wait_for_rows(store, 8)
    wait_for(lambda: spool.depth_bytes == 0)
    spool.stop()
    writer.stop()
    spool.release()
    assert (
        store.value("SELECT uniqExact(SpanId) FROM otel_traces") == store.value("SELECT sum(rows) FROM segments") == 8
    )
    assert writer.waiting == ()


def test_a_table_that_drops_rows_is_told_and_keeps_nothing_else_waiting(store: Store, tmp_path: Path) -> None:
    store.execute("RENAME TABLE otel_traces TO elsewhere")
    store.execute("CREATE TABLE otel_traces AS elsewhere ENGINE = ReplacingMergeTree ORDER BY ServiceName")
    spool = Spool(tmp_path / "spool", limits=SpoolLimits(segment_seconds=0.02))
    quarantine = Quarantine(tmp_path / "quarantine")
    segment_id = new_segment_id(SystemClock().now())
    spool.adopt(segment_id, "default", accept(Signal.TRACES, spans(5).SerializeToString()))
    counters = Counters()
    limits = WriterLimits(first_wait=0.02)
    writer = Writer(store, spool, quarantine, clock=SystemClock(), counters=counters, limits=limits)
    spool.start()
    writer.start()
    for count in range(1, 4):
        _wait_for_failures(counters, count)
        spool.append("default", accept(Signal.LOGS, logs(1).SerializeToString())).result(10)
        _wait_for_rows(store, count, "otel_logs")
    spool.stop()
    writer.stop()
    # From now on it is tried once an hour.
    assert spool.take(0) is None
    (waiting,) = writer.waiting
    assert (
        f"the segment {segment_id} of tenant default has 1 rows in otel_traces after its insert, not the 5" in waiting
    )
    assert quarantine.count() == 0
    spool.release()
    store.execute("DROP TABLE otel_traces")
    store.execute("RENAME TABLE elsewhere TO otel_traces")
    again = _Bench(store, tmp_path)
    again.move()
    assert again.count() == 5
    again.spool.release()


def test_what_waited_for_clickhouse_goes_in_in_its_order(store: Store, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", limits=SpoolLimits(segment_seconds=3600))
    ids = _waiting(spool, 8)
    counters = Counters()
    limits = WriterLimits(threads=1, first_wait=0.02, last_wait=0.1)
    writer = Writer(
        store, spool, Quarantine(tmp_path / "quarantine"), clock=SystemClock(), counters=counters, limits=limits
    )
    store.execute("RENAME TABLE otel_traces TO elsewhere")
    writer.start()
    _wait_for_failures(counters, 4)
    store.execute("RENAME TABLE elsewhere TO otel_traces")
    wait_for(lambda: spool.depth_bytes == 0)
    spool.stop()
    writer.stop()
    spool.release()
    order = [str(row["segment_id"]) for row in store.rows("SELECT segment_id FROM segments ORDER BY committed_at")]
    # The first shows that ClickHouse is back; from then on the oldest is next.
    assert order[1:] == sorted(set(ids) - {order[0]})
    assert store.value("SELECT count() FROM otel_traces") == 8


def test_a_view_of_somebody_else_that_fails_does_not_stop_or_double_anything(bench: _Bench) -> None:
    bench.store.execute("CREATE TABLE target (x UInt8) ENGINE = Memory")
    bench.store.execute(
        "CREATE MATERIALIZED VIEW broken TO target AS SELECT throwIf(1, 'broken') AS x FROM otel_traces"
    )
    bench.writer.move(bench.segment(spans(3).SerializeToString()))
    assert bench.count() == 3
    assert len(bench.store.rows(committed_segments())) == 1


def test_quarantined_requests_can_be_retried_and_discarded(store: Store, tmp_path: Path) -> None:
    with RunningCollector(store, tmp_path) as running:
        for body in (poison(), poison() * 2):
            assert httpx.post(f"{running.http}/v1/traces", content=body, headers=_PROTOBUF).status_code == 200
        collector: Collector = running.collector
        wait_for(lambda: collector.quarantine.count() == 2 and collector.spool.depth_bytes == 0)
        first, second = collector.list_quarantine("default")
        assert collector.list_quarantine("other") == []
        with pytest.raises(NotFound):
            collector.discard_quarantined(first.id, "other")
        collector.discard_quarantined(first.id)
        assert [entry.id for entry in collector.list_quarantine()] == [second.id]
        # It is refused again, and back in quarantine under the segment of its second try.
        collector.retry_quarantined(second.id)
        wait_for(lambda: [entry.id for entry in collector.list_quarantine()] not in ([second.id], []))


def test_traces_and_logs_are_committed_and_told(store: Store, tmp_path: Path) -> None:
    with RunningCollector(store, tmp_path) as running:
        for path, body in [("traces", spans(2)), ("logs", logs(2))]:
            url = f"{running.http}/v1/{path}"
            assert httpx.post(url, content=body.SerializeToString(), headers=_PROTOBUF).status_code == 200
        wait_for(lambda: running.commits == 2)
        assert {row["signal"] for row in store.rows(committed_segments())} == {"traces", "logs"}
        assert running.collector.ready()


@pytest.mark.server
def test_while_clickhouse_is_away_requests_are_accepted_and_then_arrive_once(tmp_path: Path) -> None:
    from store import migrate

    (tmp_path / "server").mkdir()
    server = ClickHouseServer(tmp_path / "server")
    store = Store.server(server.url)
    migrate(store, ("store", "collector"))
    limits = Limits(spool=SpoolLimits(segment_seconds=0.05), writer=WriterLimits(first_wait=0.1, last_wait=0.5))
    sent = 0
    try:
        with RunningCollector(store, tmp_path, limits=limits) as running, httpx.Client() as client:
            for round_ in range(3):
                for step in range(20):
                    if step == 5:
                        server.kill()
                    body = spans(50, first=sent).SerializeToString()
                    answer = client.post(f"{running.http}/v1/traces", content=body, headers=_PROTOBUF)
                    assert answer.status_code == 200
                    sent += 50
                wait_for(
                    lambda: running.collector.writer is not None and running.collector.writer.last_error is not None
                )
                assert running.collector.spool.depth_bytes > 0, round_
                server.start()
                wait_for(lambda: running.collector.spool.depth_bytes == 0, 60)
            assert store.value("SELECT count() FROM otel_traces") == sent
            assert store.value("SELECT uniqExact(SpanId) FROM otel_traces") == sent
            assert store.value("SELECT sum(rows) FROM segments FINAL") == sent
    finally:
        store.close()
        server.kill()


def test_a_data_folder_clickhouse_would_take_for_a_pattern_works_or_is_refused(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "a{1}"
    if store.is_embedded:
        with pytest.raises(Refused, match="may not hold"):
            Collector(store, folder, grpc_port=0, http_port=0)
    else:
        Collector(store, folder, grpc_port=0, http_port=0).spool.release()

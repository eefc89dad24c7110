"""The platform from outside: official SDKs and plain HTTP in, the API's timelines and verdicts out."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from tests.support.clickhouse_server import ClickHouseServer
from tests.support.platform import Platform, eventually

CATALOG = Path(__file__).with_name("catalog.yaml")


def nanoseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000) * 1000


class Emitters:
    """Three systems that report in their own way, each with its own identifiers."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.traces = TracerProvider(resource=Resource({"service.name": "counter"}))
        self.traces.add_span_processor(
            SimpleSpanProcessor(OTLPSpanExporter(endpoint=platform.otlp_grpc, insecure=True))
        )
        self.logs = LoggerProvider(resource=Resource({"service.name": "shed-api"}))
        self.logs.add_log_record_processor(
            SimpleLogRecordProcessor(OTLPLogExporter(endpoint=f"{platform.otlp_http}/v1/logs"))
        )

    def requested(self, at: datetime, number: str, **attributes: str) -> None:
        span = self.traces.get_tracer("t").start_span("POST /requests", start_time=nanoseconds(at) - 1_000_000)
        span.set_attributes({"request.number": number, **{k.replace("_", "."): v for k, v in attributes.items()}})
        span.end(end_time=nanoseconds(at))

    def shed(self, at: datetime, name: str, attributes: dict[str, Any]) -> None:
        self.logs.get_logger("t").emit(
            LogRecord(
                timestamp=nanoseconds(at),
                event_name=name,
                severity_number=SeverityNumber.INFO,
                body=name,
                attributes=attributes,
            )
        )

    def untimed(self, name: str, attributes: dict[str, str]) -> None:
        pairs = [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()]
        record = {"eventName": name, "attributes": pairs}
        answer = httpx.post(
            f"{self.platform.otlp_http}/v1/logs",
            json={"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]},
        )
        assert answer.status_code == 200, answer.text

    def cloud_event(self, event_id: str, at: datetime | None, type_: str, source: str, data: dict[str, Any]) -> None:
        event = {"specversion": "1.0", "id": event_id, "source": source, "type": type_, "data": data}
        if at is not None:
            event["time"] = at.isoformat()
        answer = httpx.post(
            f"{self.platform.otlp_http}/v1/events",
            content=json.dumps(event),
            headers={"content-type": "application/cloudevents+json"},
        )
        assert answer.status_code == 202, answer.text

    def close(self) -> None:
        self.traces.shutdown()
        self.logs.shutdown()


class Hook(BaseHTTPRequestHandler):
    """A webhook receiver that keeps what it is sent."""

    posts: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.posts.append(json.loads(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def hook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    posts: list[dict[str, Any]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("KeepingHook", (Hook,), {"posts": posts}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", posts
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=["embedded", pytest.param("server", marks=pytest.mark.server)])
def platform(
    request: pytest.FixtureRequest, tmp_path: Path, hook: tuple[str, list[dict[str, Any]]]
) -> Iterator[Platform]:
    folder = tmp_path / "catalog"
    folder.mkdir()
    routes = f'---\nroutes:\n  - {{id: desk, match: {{severity: [high]}}, receivers: [{{webhook: "{hook[0]}"}}]}}\n'
    (folder / "parts.yaml").write_text(CATALOG.read_text() + routes)
    server = ClickHouseServer(tmp_path) if request.param == "server" else None
    where = ["--clickhouse-url", server.url] if server else []
    found = Platform(tmp_path / "data", "--catalog", str(folder), *where)
    yield found
    if found.process.poll() is None:
        found.kill()
    if server:
        server.kill()


def test_requests_are_followed_across_systems_with_identifiers_of_their_own(
    platform: Platform, hook: tuple[str, list[dict[str, Any]]]
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    t0 = now - timedelta(hours=10)
    send = Emitters(platform)
    # R1 in time to the end; its number comes with leading zeros from one system and without from the other.
    send.requested(t0, " 0007 ", request_value="12.50", request_currency="EUR")
    packed = {"req": "7", "crate.id": "C1", "promise.date": str(now.date())}
    send.shed(t0 + timedelta(hours=1), "shed.crate.packed", packed)
    send.shed(t0 + timedelta(hours=2), "shed.crate.sent", {"crate.id": "C1"})
    bill = {"company": "10", "bill": {"number": "B/1"}, "crate": {"id": "C1"}, "state": "posted"}
    send.cloud_event("1", t0 + timedelta(hours=3), "books.bill.posted", "/erp/books", bill)
    paid = {"company": "10", "bill": {"number": "B/1"}}
    send.cloud_event("2", t0 + timedelta(hours=4), "till.paid", "/bank/till", paid)
    # R8 was never packed: breached by time alone, eight hours ago.
    send.requested(t0, "8", request_value="99", request_currency="EUR")
    # R9 was withdrawn in time.
    send.requested(now - timedelta(minutes=30), "9")
    send.cloud_event("3", now - timedelta(minutes=20), "counter.withdrawn", "/crm/counter", {"req": "9"})
    # The money for a bill nobody has heard of waits.
    send.cloud_event("4", now, "till.paid", "/bank/till", {"bill": {"id": "B404"}})
    # R11 was packed at a time nobody told us; the report came twice.
    for _ in range(2):
        send.untimed("shed.crate.packed", {"req": "11"})
    send.close()

    seven = eventually(
        lambda: (
            (found := platform.get("/workflows/parts/instances/7"))["status"] == "completed"
            and all(clock["verdict"] == "met" for clock in found["slas"])
            and len(found["slas"]) == 2
            and found
        ),
        "request 7 is completed and both its promises are met",
    )
    assert seven["current_milestone"] == "paid"
    assert (Decimal(seven["amount"]), seven["currency"]) == (Decimal("12.5"), "EUR")
    assert {**seven["keys"], "trace": None} == {"request": ["7"], "crate": ["C1"], "bill": ["10/B\\/1"], "trace": None}
    reached = {each["id"]: each["reached_at"] for each in seven["milestones"]}
    assert list(reached) == ["requested", "packed", "sent", "billed", "paid", "withdrawn"]
    assert datetime.fromisoformat(reached["packed"]) == t0 + timedelta(hours=1)
    assert reached["withdrawn"] is None
    timeline = platform.get("/workflows/parts/instances/007/timeline")
    assert [event["milestone"] for event in timeline["events"]] == ["requested", "packed", "sent", "billed", "paid"]
    assert [span["name"] for span in timeline["spans"]] == ["POST /requests"]

    eight = eventually(
        lambda: (found := platform.get("/workflows/parts/instances/8"))["slas"] and found, "request 8 is judged"
    )
    [clock] = eight["slas"]
    assert clock["verdict"] == "breached"
    assert datetime.fromisoformat(clock["deadline_at"]) == t0 + timedelta(hours=2)
    eventually(
        lambda: (
            (nine := platform.get("/workflows/parts/instances/9"))["status"] == "cancelled"
            and [each["verdict"] for each in nine["slas"]] == ["cancelled"]
        ),
        "request 9 is withdrawn, and its promise with it",
    )

    [packed_once] = eventually(
        lambda: (
            (found := platform.get("/workflows/parts/instances/11/timeline")["events"])
            and found[0]["deliveries"] == 2
            and found
        ),
        "request 11 was packed once and reported twice",
    )
    assert "missing_timestamp" in packed_once["flags"]

    listed = platform.get("/workflows/parts/instances", verdict="breached")
    assert [item["key"] for item in listed["items"]] == ["8"]
    assert [item["key"] for item in platform.get("/search", q="C1")["items"]] == ["7"]
    [waiting] = eventually(lambda: platform.get("/unresolved")["items"], "the money nobody has heard of waits")
    assert waiting["waiting_for"] == [{"type": "bill", "value": "B404"}]

    def about_eight() -> list[dict[str, Any]]:
        # Of the others an alert may come and go, where their events arrive in pieces that ticks fall between.
        return [alert for post in hook[1] for alert in post["alerts"] if alert["labels"]["key"] == "8"]

    eventually(about_eight, "the breach reaches the webhook")
    [alert] = about_eight()
    text = json.dumps(alert)
    for word in ("parts", "8", "packed", "parts-desk", f"{platform.http}/workflows/parts/instances/8"):
        assert word in text

    # A stop and a start on the same folder: the same answers, and no second alert.
    platform.stop()
    platform.start()
    assert platform.get("/workflows/parts/instances/7")["status"] == "completed"
    verdicts = platform.get("/slas/packed_in_time/verdicts")["items"]
    assert len({(row["clock"], row["verdict"]) for row in verdicts}) == len(verdicts)
    assert len(about_eight()) == 1
    platform.stop()

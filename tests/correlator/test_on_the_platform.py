"""The correlator as its users have it: telemetry over the wire in, the API's timelines, searches and lists out."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from store import Store
from tests.support.platform import Platform, eventually, throughline
from throughline.control import Control

NOW = datetime.now(UTC).replace(microsecond=0)
TRADE = """workflow: trade
keys:
  order: {attributes: [order.id, sales_order, order.ids], normalize: [strip_leading_zeros]}
  delivery: {attributes: [delivery.id]}
  batch: {attributes: [batch.id]}
root: order
amount: {attribute: total}
expected_order: any
milestones:
  - {id: placed, system: crm, match: {event: crm.order.placed}}
  - {id: created, system: erp, match: {span: create sales order}}
  - {id: delivery_created, system: erp, match: {event: erp.delivery.created}, repeatable: true}
  - {id: goods_issued, system: wms, match: {event: wms.goods.issued}, repeatable: true}
  - {id: noted, match: {event: crm.note}, repeatable: true}
  - {id: loaded, system: warehouse, match: {span: load facts}, repeatable: true, ends: completed}
---
workflow: returns
keys:
  return: {attributes: [return.id]}
  order: {attributes: [order.id], normalize: [strip_leading_zeros]}
root: return
milestones:
  - {id: announced, match: {event: crm.return.announced}, ends: completed}
"""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("catalog")
    (folder / "catalog.yaml").write_text(TRADE)
    found = Platform(tmp_path_factory.mktemp("data"), "--catalog", str(folder))
    yield found
    if found.process.poll() is None:
        found.kill()


_numbers = itertools.count(1)


def _event(type_: str, data: dict[str, Any], at: datetime = NOW, source: str = "/crm", **more: Any) -> dict[str, Any]:
    event_id = more.pop("id", f"e{next(_numbers)}")
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": type_,
        "time": at.isoformat(),
        "data": data,
        **more,
    }


def _send(platform: Platform, *events: dict[str, Any]) -> None:
    answer = httpx.post(
        f"{platform.otlp_http}/v1/events",
        content=json.dumps(events),
        headers={"content-type": "application/cloudevents-batch+json"},
        timeout=30,
    )
    assert answer.status_code == 202, answer.text


def _otlp(platform: Platform, signal: str, service: str, *records: dict[str, Any]) -> None:
    group, scope, name = {
        "traces": ("resourceSpans", "scopeSpans", "spans"),
        "logs": ("resourceLogs", "scopeLogs", "logRecords"),
    }[signal]
    resource = {"attributes": _attributes({"service.name": service})}
    body = {group: [{"resource": resource, scope: [{name: list(records)}]}]}
    answer = httpx.post(f"{platform.otlp_http}/v1/{signal}", json=body, timeout=30)
    assert answer.status_code == 200, answer.text


def _attributes(values: dict[str, str]) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in values.items()]


def _span(
    name: str, trace: str, span: str, parent: str = "", link: tuple[str, str] | None = None, **values: str
) -> dict[str, Any]:
    start = int(NOW.timestamp()) * 1_000_000_000
    return {
        "name": name,
        "traceId": trace * 32,
        "spanId": span * 16,
        "parentSpanId": parent * 16,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + 1_000_000),
        "attributes": _attributes({key.replace("__", "."): value for key, value in values.items()}),
        "links": [{"traceId": link[0] * 32, "spanId": link[1] * 16}] if link else [],
    }


def _timeline(platform: Platform, key: str, milestones: list[str]) -> Any:
    """The timeline, once these milestones are on it."""

    def found() -> Any:
        read = platform.get(f"/workflows/trade/instances/{key}/timeline")
        return [each["milestone"] for each in read["events"]] == milestones and read

    return eventually(found, f"{milestones} on the timeline of {key}")


def _waiting(platform: Platform) -> dict[str, Any]:
    """The events that wait, by the ids of CloudEvents; others by their milestone."""
    items = platform.get("/unresolved")["items"]
    return {each["attributes"].get("cloudevents.event_id", each["milestone"]): each for each in items}


def test_from_an_event_of_the_saas_to_the_documents_of_the_erp_and_the_load_of_the_warehouse_and_back(
    platform: Platform,
) -> None:
    """Over a broker, a middleware and a queue, none of which knows an order; each system has a trace of its own."""
    traced = {"id": "ce-1", "traceparent": f"00-{'a' * 32}-{'1' * 16}-01"}
    _send(platform, _event("crm.order.placed", {"order": {"id": "1001"}}, NOW - timedelta(minutes=9), **traced))
    _otlp(platform, "traces", "broker", _span("orders publish", "a", "2", "1"))
    received = _span("orders receive", "b", "3", link=("a", "2"))
    _otlp(platform, "traces", "middleware", received, _span("map", "b", "4", "3"), _span("erp publish", "b", "5", "4"))
    create = _span("create sales order", "c", "7", "6", sales_order="0001001")
    received = _span("erp receive", "c", "6", link=("b", "5"))
    _otlp(platform, "traces", "erp-api", received, create, _span("plan delivery", "c", "8", "7"))
    delivery = {"order.id": "1001", "delivery.id": "D-9"}
    record = {
        "eventName": "erp.delivery.created",
        "traceId": "c" * 32,
        "spanId": "8" * 16,
        "attributes": _attributes(delivery),
    }
    _otlp(platform, "logs", "erp-api", {**record, "timeUnixNano": str(int(NOW.timestamp() + 1) * 1_000_000_000)})
    issued = NOW + timedelta(seconds=2)
    _send(
        platform, _event("wms.goods.issued", {"delivery": {"id": "D-9"}}, issued, "/wms", id="gi-1", causationid="ce-1")
    )
    loaded = _span("load facts", "d", "9", link=("c", "8"), delivery__id='["D-9", "D-10"]')
    loaded |= {each: str(int(loaded[each]) + 3_000_000_000) for each in ("startTimeUnixNano", "endTimeUnixNano")}
    _otlp(platform, "traces", "loader", loaded)

    read = _timeline(platform, "1001", ["placed", "created", "delivery_created", "goods_issued", "loaded"])
    called = {each["event_id"]: each["milestone"] for each in read["events"]}
    graph = {(called[each["cause"]], called[each["effect"]], each["by"]) for each in read["causes"]}
    assert graph == {
        ("placed", "created", "span_link"),
        ("placed", "created", "key"),
        ("placed", "delivery_created", "key"),
        ("created", "delivery_created", "span_parent"),
        ("placed", "goods_issued", "causation_id"),
        ("delivery_created", "goods_issued", "key"),
        ("delivery_created", "loaded", "span_link"),
        ("delivery_created", "loaded", "key"),
    }
    edges = [(each["cause"], each["effect"]) for each in read["causes"]]
    backward = [(effect, cause) for cause, effect in edges]
    first, last = read["events"][0]["event_id"], read["events"][-1]["event_id"]
    assert _reached(first, edges) == set(called), "forward: everything that the order in the shop has caused"
    assert _reached(last, backward) == set(called) - {read["events"][3]["event_id"]}, "back: all that led to the load"
    [hop] = read["events"][3]["linked_by"]
    assert (hop["outer_value"], hop["inner_value"], called[hop["event_id"]]) == ("D-9", "1001", "delivery_created")
    assert {each["name"] for each in read["spans"]} >= {"orders publish", "erp receive", "load facts"}
    assert _waiting(platform)["loaded"]["waiting_for"] == [{"type": "delivery", "value": "D-10"}], "it was about two"


def _reached(start: str, edges: list[tuple[str, str]]) -> set[str]:
    found, ahead = {start}, [start]
    while ahead:
        here = ahead.pop()
        for one, other in edges:
            if one == here and other not in found:
                found.add(other)
                ahead.append(other)
    return found


def test_what_is_wrong_with_an_event_is_told_and_hinders_no_other(platform: Platform) -> None:
    _send(
        platform,
        _event("wms.goods.issued", {"delivery": {"id": "D" * 1_000_000}}, id="megabyte"),
        _event("wms.goods.issued", {"delivery": {"id": ""}}, id="empty"),
        _event("wms.goods.issued", {"delivery": {"id": "a\x00b\x1f\ufffe"}}, id="binary"),
        _event("wms.goods.issued", {"delivery": {"id": "D-404"}}, id="early"),
        _event("crm.note", {"order": {"ids": [f"N{n}" for n in range(1000)]}}, id="thousand"),
        _event("crm.note", {"order": {"id": "2001"}, "total": "much"}, datetime(2099, 1, 1, tzinfo=UTC), id="future"),
        _event("crm.note", {"order": {"id": "2001"}}, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), id="epoch"),
        _event("crm.order.placed", {"order": {"id": "2001"}, "total": 12.5}, id="good"),
    )
    read = _timeline(platform, "2001", ["noted", "placed", "noted"])
    assert [each["flags"] for each in read["events"]] == [[], [], ["future_dated", "unreadable_amount"]]
    order = platform.get("/workflows/trade/instances/2001")
    assert (order["current_milestone"], order["amount"]) == ("placed", "12.5")
    assert order["flags"] == ["future_dated", "unreadable_amount"]
    assert platform.get("/workflows/trade/instances/N999")["current_milestone"] == "noted"
    waiting = _waiting(platform)
    assert {name: (each["waiting_for"], each["flags"]) for name, each in waiting.items() if name != "loaded"} == {
        "megabyte": ([], ["oversized_key"]),
        "empty": ([], []),
        "binary": ([{"type": "delivery", "value": "a\x00b\x1f\ufffe"}], []),
        "early": ([{"type": "delivery", "value": "D-404"}], []),
    }
    _send(platform, _event("erp.delivery.created", {"order": {"id": "2002"}, "delivery": {"id": "D-404"}}, id="late"))
    _timeline(platform, "2002", ["delivery_created", "goods_issued"])
    assert set(_waiting(platform)) - {"loaded"} == {"megabyte", "empty", "binary"}


def test_an_alias_of_too_many_orders_is_listed_and_its_orders_say_so(platform: Platform) -> None:
    _send(
        platform,
        *(_event("crm.order.placed", {"order": {"id": f"H{n:04}"}, "batch": {"id": "B"}}) for n in range(1001)),
    )
    _send(platform, _event("crm.note", {"batch": {"id": "B"}}))
    [hub] = eventually(lambda: platform.get("/hubs")["items"], "the batch is a hub")
    assert (hub["workflow"], hub["type"], hub["value"], hub["links"], hub["events"]) == ("trade", "batch", "B", 1001, 1)
    order = platform.get("/workflows/trade/instances/H0007")
    assert (order["flags"], order["current_milestone"]) == (["hub"], "placed")


def test_search_finds_any_key_of_any_workflow_exact_ones_first(platform: Platform) -> None:
    _send(
        platform,
        _event("crm.order.placed", {"order": {"id": "0055"}}),
        _event("crm.order.placed", {"order": {"id": "551"}, "batch": {"id": "55-B"}}),
        _event("crm.return.announced", {"return": {"id": "R-1"}, "order": {"id": "55"}}),
        _event("crm.return.announced", {"return": {"id": "55"}}),
        _event("crm.return.announced", {"return": {"id": "155"}}),
    )

    def found(q: str, **more: Any) -> list[tuple[str, str, str, str]]:
        items = platform.get("/search", q=q, **more)["items"]
        return [(each["workflow"], each["key"], each["matched"]["type"], each["matched"]["value"]) for each in items]

    exact = [("returns", "R-1", "order", "55"), ("returns", "55", "return", "55"), ("trade", "55", "order", "55")]
    prefix = [("trade", "551", "batch", "55-B"), ("trade", "551", "order", "551")]
    eventually(lambda: found("55") == exact + prefix, "exact ones first, then prefixes")
    assert found("00055") == [exact[0], exact[2], prefix[1]], "normalized as each key is: a return's is not"
    assert found("R-") == [("returns", "R-1", "return", "R-1")]
    pages, cursor = [], None
    for _ in range(5):
        page = platform.get("/search", q="55", limit=1, **({"cursor": cursor} if cursor else {}))
        pages += [each["key"] for each in page["items"]]
        cursor = page["next_cursor"]
    assert pages == [each[1] for each in exact + prefix]
    assert cursor is None


def test_a_timeline_of_thousands_of_events_comes_in_pages(platform: Platform) -> None:
    ids = [f"n{n:04}" for n in range(3000)]
    for start in range(0, 3000, 1000):
        notes = (
            _event("crm.note", {"order": {"id": "3001"}}, NOW + timedelta(seconds=n // 2), id=ids[n])
            for n in range(start, start + 1000)
        )
        _send(platform, *notes)
    eventually(
        lambda: platform.get("/workflows/trade/instances/3001")["milestones"][4]["times"] == 3000, "all are there"
    )
    seen, cursor = [], None
    while True:
        page = platform.get(
            "/workflows/trade/instances/3001/timeline", limit=700, **({"cursor": cursor} if cursor else {})
        )
        shown = [each["event_id"] for each in page["events"]]
        assert {each["effect"] for each in page["causes"]} <= set(shown)
        assert len(page["causes"]) == len(shown) - (not seen), "the first one that carries the key caused each"
        seen += page["events"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(each["attributes"]["cloudevents.event_id"] for each in seen) == ids
    order = [(each["occurred_at"], each["event_id"]) for each in seen]
    assert order == sorted(order)


def test_a_rebuild_and_a_changed_definition_while_events_stream_in(platform: Platform, tmp_path: Path) -> None:
    """The stream goes on over a rebuild by the admin API and one by the command, and over a change of the catalog."""
    sent: list[int] = []
    is_over = threading.Event()

    def stream() -> None:
        for n in itertools.count():
            _send(
                platform,
                _event("wms.goods.issued", {"delivery": {"id": f"SD{n}"}}, NOW + timedelta(seconds=2)),
                _event("erp.delivery.created", {"order": {"id": f"S{n}"}, "delivery": {"id": f"SD{n}"}}),
                _event("crm.order.withdrawn", {"order": {"id": f"S{n}"}}, NOW + timedelta(seconds=3)),
            )
            sent.append(n)
            if is_over.wait(0.1):
                return

    _otlp(platform, "traces", "loader", _span("load facts", "e", "1", sales_order="R1"))
    _send(platform, _event("crm.return.announced", {"return": {"id": "B1"}, "order": {"id": "R1"}}))
    streaming = threading.Thread(target=stream)
    streaming.start()
    try:
        eventually(lambda: len(sent) > 20, "events stream in")
        control = Control.running(platform.data_dir)
        assert control is not None
        steps = [
            each["progress"] for each in control.stream("POST", "/rebuild", {"workflow": "trade", "tenant": "default"})
        ]
        assert steps[0]["is_running"]
        assert not steps[-1]["is_running"]
        assert all(each["rows_done"] <= each["rows_total"] for each in steps)
        assert steps[-1]["rows_total"] >= 3 * 20
        told = throughline("rebuild", "trade", "--data-dir", str(platform.data_dir))
        assert told.returncode == 0, told.stderr
        assert "trade was derived again from" in told.stdout

        before = len(sent)
        withdrawn = '  - {id: withdrawn, match: {event: "crm.order.withdrawn"}, ends: cancelled}\n  - {id: loaded'
        (tmp_path / "catalog.yaml").write_text(TRADE.replace("  - {id: loaded", withdrawn))
        applied = throughline("catalog", "apply", str(tmp_path), "--data-dir", str(platform.data_dir))
        assert applied.returncode == 0, applied.stderr
        eventually(
            lambda: platform.get("/workflows/trade/instances/S0")["status"] == "cancelled",
            "what was received before the change is read by the new definition",
        )
        eventually(lambda: len(sent) > before + 20, "events still stream in")
    finally:
        is_over.set()
        streaming.join()

    def are_there() -> bool:
        listed = platform.get("/workflows/trade/instances", q="S", limit=1000)["items"]
        assert {each["key"]: each["status"] for each in listed} == {f"S{n}": "cancelled" for n in sent}
        return True

    # Two threads put segments in: what was sent last may be there before what was sent before it.
    eventually(are_there, "every order that streamed in is there once")
    counts = {each["workflow"]: each["counts"] for each in platform.get("/workflows")["items"]}
    assert counts["trade"]["cancelled"] == len(sent)
    _timeline(platform, f"S{sent[-1]}", ["delivery_created", "goods_issued", "withdrawn"])
    assert platform.get("/workflows/trade/instances/R1")["status"] == "completed"
    platform.stop()
    with Store.embedded(platform.data_dir) as store:
        definitions = {
            row["definition"]: row["workflow"]
            for table in ("events", "memberships", "instances")
            for row in store.rows(f"SELECT DISTINCT workflow, toString(definition) AS definition FROM {table} FINAL")
        }
        events = store.value("SELECT count() FROM events FINAL WHERE milestone = 'withdrawn'")
        tenants = store.rows("SELECT DISTINCT toString(tenant) AS tenant FROM events")
    assert sorted(definitions.values()) == ["returns", "trade"], "every derived row is by the definition of now"
    assert events == len(sent)
    assert tenants == [{"tenant": "default"}]

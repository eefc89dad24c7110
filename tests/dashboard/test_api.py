"""The API answers as INTERFACES says, over real tables of both stores."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from dashboard import create_app, create_operations
from dashboard.api import operations
from model import ALERT_LABELS, Access, Principal, catalog_from_sources
from store import Store
from tests.dashboard import world
from tests.dashboard.asgi import Client

V1 = "/api/v1"
NOTHING = {"met": 0, "breached": 0, "pending": 0, "at_risk": 0, "unknown": 0, "excused": 0, "cancelled": 0}


def got(client: Client, path: str, status: int = 200) -> Any:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    return answer.json()


def keys(client: Client, query: str) -> list[str]:
    return [each["key"] for each in got(client, f"{V1}/workflows/orders/instances?{query}")["items"]]


def test_what_the_api_answers(reader: Client) -> None:
    _workflows(reader)
    _instances(reader)
    _one_instance(reader)
    _keys_with_slashes(reader)
    _timeline(reader)
    _search(reader)
    _unresolved(reader)
    _slas(reader)
    _ledger(reader)
    _systems(reader)
    _alerts(reader)
    _problems(reader)


def _workflows(client: Client) -> None:
    assert got(client, f"{V1}/workflows") == {
        "items": [
            {
                "workflow": "orders",
                "title": "Orders",
                "owner": "customer-operations",
                "criticality": "normal",
                "counts": {"in_progress": 3, "completed": 1, "failed": 0, "cancelled": 1},
            }
        ],
        "next_cursor": None,
    }


def _instances(client: Client) -> None:
    assert keys(client, "") == ["A/5", "SO-1", "SO-4", "SO-3", "SO-2"], "newest last event first"
    assert keys(client, "status=completed&status=cancelled") == ["SO-1", "SO-4"], "a repeated parameter means OR"
    twice = client.get(f"{V1}/workflows/orders/instances?limit=x&limit=3&status=completed&status=cancelled")
    assert twice.status_code == 400, "one of a single value is none of both"
    assert twice.json()["detail"] == "/api/v1/workflows/orders/instances takes one limit, not several"
    assert keys(client, "verdict=breached") == ["SO-2"]
    assert keys(client, "verdict=at_risk&status=in_progress") == ["SO-3"]
    assert keys(client, "sla=paid_in_time&verdict=met") == ["SO-1"], "verdict and SLA are of the same clock"
    assert keys(client, "sla=paid_in_time&verdict=breached") == []
    assert keys(client, "milestone=placed&system=shop") == ["A/5", "SO-3", "SO-2"]
    assert keys(client, "q=D-1") == ["SO-1"], "any key's beginning"
    assert keys(client, "started_after=2026-11-20T09:00:00Z&started_before=2026-11-20T10:00:00Z") == ["SO-3"]
    assert keys(client, "started_after=2026-11-20T10:00:00%2B01:00&started_before=2026-11-20T11:00:00+01:00") == [
        "SO-3"
    ]
    first = got(client, f"{V1}/workflows/orders/instances?limit=2")
    second = got(client, f"{V1}/workflows/orders/instances?limit=2&cursor={first['next_cursor']}")
    assert [each["key"] for each in first["items"] + second["items"]] == ["A/5", "SO-1", "SO-4", "SO-3"]
    listed = next(each for each in got(client, f"{V1}/workflows/orders/instances")["items"] if each["key"] == "SO-1")
    assert listed == got(client, f"{V1}/workflows/orders/instances/SO-1"), "an item of the list is the whole instance"


def _one_instance(client: Client) -> None:
    found = got(client, f"{V1}/workflows/orders/instances/%20so-1")
    clocks = found.pop("slas")
    assert found == {
        "workflow": "orders",
        "key": "SO-1",
        "status": "completed",
        "current_milestone": "paid",
        "started_at": "2026-11-20T07:00:00Z",
        "last_event_at": "2026-11-20T11:00:00Z",
        "completed_at": "2026-11-20T11:00:00Z",
        "amount": "120.50",
        "currency": "EUR",
        "keys": {"order": ["SO-1"], "delivery": ["D-1"], "trace": [world.TRACE]},
        "milestones": [
            _reached("placed", "07:00:00Z", "shop", 360.0),
            _reached("checked", "07:06:00Z", "crm", 6840.0),
            _reached("shipped", "09:00:00Z", "wms", 7200.0),
            _reached("paid", "11:00:00Z", "bank", 0.0),
            {"id": "cancelled", "reached_at": None, "system": "shop", "times": 0, "rested_seconds": 0.0},
        ],
        "flags": ["late"],
        "systems": ["bank", "crm", "shop", "wms"],
        "retries": 0,
    }
    assert [(each["id"], each["verdict"], each["per"], each["deadline_at"]) for each in clocks] == [
        ("paid_in_time", "met", None, "2026-11-21T09:00:00Z"),
        ("ship_in_time", "met", None, "2026-11-20T11:00:00Z"),
    ]
    missing = got(client, f"{V1}/workflows/orders/instances/so-99", 404)
    assert missing["detail"] == "The workflow 'orders' has no instance 'so-99'", "as it was asked for"


def _reached(milestone: str, at: str, system: str, rested: float) -> dict[str, Any]:
    reached_at = f"2026-11-20T{at}"
    return {"id": milestone, "reached_at": reached_at, "system": system, "times": 1, "rested_seconds": rested}


def _keys_with_slashes(client: Client) -> None:
    assert got(client, f"{V1}/workflows/orders/instances/-?key=a/5")["key"] == "A/5"
    events = got(client, f"{V1}/workflows/orders/instances/-/timeline?key=A%2F5")["events"]
    assert [each["milestone"] for each in events] == ["placed"]
    got(client, f"{V1}/workflows/orders/instances/SO-1?key=SO-2", 400)


def _timeline(client: Client) -> None:
    found = got(client, f"{V1}/workflows/orders/instances/SO-1/timeline")
    assert [each["milestone"] for each in found["events"]] == ["placed", "checked", "shipped", "paid"]
    assert [each["service"] for each in found["spans"]] == ["storefront"]
    assert found["cut"] == []
    milestone = {each["event_id"]: each["milestone"] for each in found["events"]}
    causes = {
        (milestone[each["cause"]], milestone[each["effect"]], each["by"], each["via"]) for each in found["causes"]
    }
    assert ("shipped", "paid", "key", "delivery=D-1") in causes
    assert got(client, f"{V1}/hubs") == {"items": [], "next_cursor": None}
    paid = found["events"][-1]
    assert paid["keys"] == {"delivery": ["D-1"]}
    assert [(each["outer_value"], each["inner_value"]) for each in paid["linked_by"]] == [("D-1", "SO-1")]
    assert paid["deliveries"] == 1
    first = got(client, f"{V1}/workflows/orders/instances/SO-1/timeline?limit=3")
    rest = got(client, f"{V1}/workflows/orders/instances/SO-1/timeline?limit=3&cursor={first['next_cursor']}")
    assert first["events"] + rest["events"] == found["events"]
    got(client, f"{V1}/workflows/orders/instances/SO-99/timeline", 404)


def _search(client: Client) -> None:
    exact = got(client, f"{V1}/search?q=D-1")["items"]
    assert [(each["key"], each["matched"]) for each in exact] == [("SO-1", {"type": "delivery", "value": "D-1"})]
    prefix = got(client, f"{V1}/search?q=SO-")["items"]
    assert sorted(each["key"] for each in prefix) == ["SO-1", "SO-2", "SO-3", "SO-4"]
    got(client, f"{V1}/search", 400)


def _unresolved(client: Client) -> None:
    [found] = got(client, f"{V1}/unresolved")["items"]
    assert (found["workflow"], found["milestone"]) == ("orders", "shipped")
    assert found["waiting_for"] == [{"type": "delivery", "value": "D-404"}]


def _slas(client: Client) -> None:
    first, second = got(client, f"{V1}/slas")["items"]
    assert first == got(client, f"{V1}/slas/ship_in_time")
    expected = {**NOTHING, "met": 1, "breached": 1, "at_risk": 1, "pending": 1, "cancelled": 1}
    assert (first["workflow"], first["verdicts"], first["instances"]) == ("orders", expected, expected)
    assert first["attainment"] == 0.5
    assert set(first["burn"]) == {"1h", "6h", "3d"}
    assert second["budget"] is None
    got(client, f"{V1}/slas/nope", 404)


def _ledger(client: Client) -> None:
    path = f"{V1}/slas/ship_in_time/verdicts"
    rows = got(client, path)["items"]
    assert {each["key"]: each["verdict"] for each in rows}["SO-2"] == "breached"
    assert all(each["known_at"] == "2026-11-20T12:00:00Z" and each["definition"] for each in rows)
    assert [each["key"] for each in got(client, f"{path}?verdict=breached&verdict=at_risk")["items"]] != []
    assert got(client, f"{path}?known_at=2026-11-20T11:59:59Z")["items"] == []
    got(client, f"{path}?known_at=yesterday", 400)
    got(client, f"{path}?known_at=2026-11-20T12:00:00", 400)


def _systems(client: Client) -> None:
    items = {each["id"]: each for each in got(client, f"{V1}/systems")["items"]}
    assert list(items) == ["shop", "wms", "bank", "crm"], "declared ones first, then those only named"
    assert items["shop"]["cadence"] == "15m"
    assert (items["shop"]["last_seen_at"], items["shop"]["state"]) == ("2026-11-20T11:00:00Z", "silent")
    assert items["shop"]["coverage"] == {"orders": ["placed", "cancelled"]}
    assert items["wms"]["state"] == "seen"


def _alerts(client: Client) -> None:
    [late] = [each for each in got(client, f"{V1}/alerts?state=firing")["items"] if each["verdict"] == "breached"]
    assert (late["key"], late["sla"], late["severity"], late["state"]) == ("SO-2", "ship_in_time", "high", "firing")
    assert late["url"] == "http://throughline.test/workflows/orders/instances/SO-2"
    assert late["keys"]["order"] == ["SO-2"]
    taken = client.post(f"{V1}/alerts/{late['id']}/acknowledge", json={"comment": "on it"})
    assert (taken.status_code, taken.json()["state"], taken.json()["acknowledged_by"]) == (
        200,
        "acknowledged",
        "anonymous",
    )
    assert late["id"] in [each["id"] for each in got(client, f"{V1}/alerts?state=acknowledged")["items"]]
    assert client.post(f"{V1}/alerts/nope/acknowledge").status_code == 404
    wish = {"matchers": {"workflow": "orders"}, "ends_at": "2026-11-21T00:00:00+01:00", "comment": "migration"}
    made = client.post(f"{V1}/silences", json=wish)
    assert made.status_code == 201
    assert made.json()["matchers"] == {"workflow": ["orders"]}
    assert made.json()["ends_at"] == "2026-11-20T23:00:00Z"
    assert [each["id"] for each in got(client, f"{V1}/silences")["items"]] == [made.json()["id"]]
    later = client.post(f"{V1}/silences", json=wish).json()["id"]
    first = got(client, f"{V1}/silences?limit=1")
    assert client.delete(f"{V1}/silences/{first['items'][0]['id']}").status_code == 204
    rest = got(client, f"{V1}/silences?limit=1&cursor={first['next_cursor']}")
    assert {first["items"][0]["id"], rest["items"][0]["id"]} == {made.json()["id"], later}
    assert client.post(f"{V1}/silences", json={**wish, "untill": "x"}).status_code == 400
    unknown = client.post(f"{V1}/silences", json={**wish, "matchers": {"sla": "x", "slas": "x"}})
    assert unknown.status_code == 400
    assert unknown.json()["detail"].startswith("No alert has a label 'slas'; there are alertname, criticality, key")
    assert client.post(f"{V1}/silences", json={**wish, "ends_at": "2020-01-01T00:00:00Z"}).status_code == 400


def _problems(client: Client) -> None:
    for path, status in (
        (f"{V1}/nothing/here", 404),
        (f"{V1}/workflows/nope/instances", 404),
        (f"{V1}/workflows/orders/instances?limit=1001", 400),
        (f"{V1}/workflows/orders/instances?limit=0", 400),
        (f"{V1}/workflows/orders/instances?status=lost", 400),
        (f"{V1}/workflows/orders/instances?statuss=failed", 400),
        (f"{V1}/workflows?cursor=%3F%3F", 400),
        (f"{V1}/workflows?cursor=LTU%3D", 400),
        (f"{V1}/quarantine", 501),
    ):
        answer = client.get(path)
        assert (path, answer.status_code) == (path, status)
        assert answer.headers["content-type"] == "application/problem+json"
        body = answer.json()
        assert (body["status"], body["instance"]) == (status, path.partition("?")[0])
        assert body["title"]
        assert body["detail"]
    other = client.post(f"{V1}/workflows/orders/instances")
    assert (other.status_code, other.headers["allow"]) == (405, "GET")
    assert other.json()["detail"] == f"{V1}/workflows/orders/instances takes GET, not POST"
    assert client.request("OPTIONS", f"{V1}/silences").headers["allow"] == "GET, POST"
    assert client.delete(f"{V1}/nothing/here").status_code == 404
    refused = client.post(f"{V1}/quarantine/x/retry")
    assert refused.status_code == 501
    assert refused.json()["detail"].endswith("is not supported in this version")


def test_every_list_refuses_an_empty_cursor_and_those_of_all_other_lists(reader: Client) -> None:
    described = got(reader, f"{V1}/openapi.json")["paths"]
    names = {"workflow": "orders", "key": "SO-1"}
    lists = [
        f"{path.format(**names, sla=sla)}{'?q=SO' if path.endswith('/search') else ''}"
        for path, methods in described.items()
        if any(each["name"] == "cursor" for each in methods.get("get", {}).get("parameters", ()))
        for sla in (("ship_in_time", "paid_in_time") if "{sla}" in path else ("",))
        if not path.endswith(("/quarantine", "/rejudged"))  # not here; nothing was judged again
    ]

    def at(path: str, **more: Any) -> Any:
        return reader.get(f"{path}{'&' if '?' in path else '?'}{urlencode(more)}")

    given = {path: at(path, limit=1).json()["next_cursor"] for path in lists}
    assert sum(map(bool, given.values())) >= 6
    for path in lists:
        for of, cursor in [*given.items(), ("nobody", "")]:
            if cursor is not None:
                status = at(path, limit=1, cursor=cursor).status_code
                assert (path, of, status) == (path, of, 200 if of == path else 400)


def test_slas_stand_together_by_workflow_and_a_group_nobody_is_in_is_not_found(reader: Client) -> None:
    (orders,) = got(reader, f"{V1}/attainment?name=orders")["items"]
    assert orders["slas"]
    assert set(orders) == {"name", "slas", "met", "breached", "minimum", "attainment"}
    assert reader.get(f"{V1}/attainment?by=owner&name=nobody").status_code == 404
    for sla in orders["slas"]:
        shares = [each["share"] for each in got(reader, f"{V1}/slas/{sla}/waiting")["items"]]
        assert not shares or abs(sum(shares) - 1) < 1e-9


def test_alerts_have_the_labels_that_silences_may_name(read_only: Store) -> None:
    rows, _ = world.services(read_only).alerts.alerts(world.TENANT, now=world.NOW, states=(), limit=100, cursor=None)
    assert {"per", *(label for each in rows for label in each.alert.labels)} == set(ALERT_LABELS), (
        "none is per anything"
    )


def test_excuses_name_who_and_why(client: Client) -> None:
    items = got(client, f"{V1}/workflows/orders/instances?verdict=breached")["items"]
    clock = next(each for each in items[0]["slas"] if each["verdict"] == "breached")
    path = f"{V1}/clocks/{clock['clock']}/excuse"
    answer = client.post(path, json={"reason": "carrier strike"})
    assert answer.status_code == 201
    assert (answer.json()["clock"], answer.json()["reason"]) == (clock["clock"], "carrier strike")
    assert client.post(path, json={"reason": " "}).status_code == 400
    assert client.post(path, json={}).status_code == 400
    assert client.post(f"{V1}/clocks/none/excuse", json={"reason": "x"}).status_code == 404
    window = {"from_at": "2026-03-01T00:00:00Z", "to_at": "2026-03-02T00:00:00Z", "reason": "upgrade"}
    assert client.post(f"{V1}/slas/{clock['id']}/excuses", json=window).status_code == 201
    listed = got(client, f"{V1}/slas/{clock['id']}/excuses")["items"]
    assert {each["reason"] for each in listed} == {"carrier strike", "upgrade"}


def test_a_platform_without_a_catalog_answers_empty_lists(empty_client: Client) -> None:
    for path in ("workflows", "slas", "systems", "alerts", "silences", "unresolved", "search?q=x"):
        assert got(empty_client, f"{V1}/{path}") == {"items": [], "next_cursor": None}


def test_liveness_readiness_and_metrics(store: Store) -> None:
    client = Client(create_app(world.services(store)))
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").json()["ready"] is True
    assert client.get("/metrics").text == "throughline_up 1\n"
    broken = Client(create_app(world.services(store, checks=[("spool", False, "disk full")])))
    answer = broken.get("/readyz")
    assert (answer.status_code, answer.json()["checks"][0]["detail"]) == (503, "disk full")
    without_pages = Client(create_operations(world.services(store)))
    found = [
        without_pages.get(path).status_code for path in ("/healthz", "/readyz", "/metrics", "/", f"{V1}/workflows")
    ]
    assert found == [200, 200, 200, 404, 404]


def test_while_the_store_hangs_only_readiness_waits_for_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "PATIENCE_SECONDS", 0.2)
    looks = []
    goes_on = threading.Event()

    def hanging() -> list[tuple[str, bool, str]]:
        looks.append("one")
        goes_on.wait(10)
        return [("store", True, "answers")]

    app = create_operations(replace(world.services(store), readiness=hanging))

    async def asked() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            probes = await asyncio.gather(*(client.get("/readyz") for _ in range(60)))
            answers = [*probes, await client.get("/healthz"), await client.get("/metrics")]
            goes_on.set()
            monkeypatch.setattr(operations, "PATIENCE_SECONDS", 30.0)
            return [*answers, await client.get("/readyz")]

    *probes, alive, metrics, well = asyncio.run(asked())
    assert {each.status_code for each in probes} == {503}
    assert "longer than" in probes[0].json()["checks"][0]["detail"]
    assert (alive.status_code, metrics.text) == (200, "throughline_up 1\n")
    assert well.json()["checks"] == [{"name": "store", "ok": True, "detail": "answers"}]
    assert len(looks) <= 2


def test_head_is_answered_as_get_without_the_body(empty_client: Client) -> None:
    """Load balancers and monitors ask so; every server of HTTP must answer it (RFC 9110, 9.1)."""
    for path, status in (("/healthz", 200), ("/readyz", 200), (f"{V1}/alerts", 200), ("/", 200), (f"{V1}/slas/x", 404)):
        whole, head = empty_client.get(path), empty_client.request("HEAD", path)
        assert (path, head.status_code, head.content) == (path, status, b"")
        assert head.headers == whole.headers


def test_no_other_site_frames_a_page_and_no_cache_keeps_an_answer(empty_client: Client) -> None:
    for path in ("/", "/sign-in", "/rows/alerts", f"{V1}/alerts", f"{V1}/nothing"):
        headers = empty_client.get(path).headers
        assert (headers["content-security-policy"], headers["x-frame-options"]) == (
            "frame-ancestors 'self'",
            "SAMEORIGIN",
        )
        assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
    style = empty_client.get("/assets/style.css")
    assert "cache-control" not in style.headers, "revalidated by its etag"


def test_a_token_sees_its_own_tenant_and_does_what_its_roles_allow(filled: Store) -> None:
    def entry(token: str, tenant: str, *roles: str) -> tuple[str, Principal]:
        return hashlib.sha256(token.encode()).hexdigest(), Principal(token, tenant, frozenset(roles))

    access = Access(False, (entry("dev", world.OTHER, "read"), entry("sender", world.TENANT, "ingest")))
    client = Client(create_app(world.services(filled, access)))
    path = f"{V1}/workflows/orders/instances"
    refused = client.get(path)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert refused.headers["content-type"] == "application/problem+json"
    assert client.get(path, headers={"Authorization": "Bearer guess"}).status_code == 401
    found = client.get(path, headers={"Authorization": "Bearer dev"}).json()["items"]
    assert [each["key"] for each in found] == ["SO-6"]
    assert client.get(path, headers={"Authorization": "Bearer sender"}).status_code == 403
    silence = {"matchers": {"sla": "x"}, "ends_at": "2026-12-01T00:00:00Z"}
    assert client.post(f"{V1}/silences", json=silence, headers={"Authorization": "Bearer dev"}).status_code == 403
    assert client.get("/healthz").status_code == 200
    sent = client.get("/workflows/orders?status=failed")
    assert sent.headers["location"] == "/sign-in?next=%2Fworkflows%2Forders%3Fstatus%3Dfailed"
    assert client.post("/_dash-update-component", json={}).status_code == 401
    assert client.get("/rows/instances?of=orders").status_code != 200
    wrong = client.post("/sign-in", data={"token": "guess", "next": "//evil.example"})
    assert (wrong.status_code, "evil" in wrong.text) == (401, False)
    right = client.post("/sign-in", data={"token": "dev", "next": "/slas"})
    assert (right.status_code, right.headers["location"]) == (303, "/slas")
    assert "HttpOnly" in right.headers["set-cookie"]
    assert client.get("/slas").status_code == 200, "the cookie signs the browser in"
    rows = client.get("/rows/instances?of=orders").json()["rows"]
    assert [each["key"]["text"] for each in rows] == ["SO-6"]


def test_times_that_no_table_can_hold_are_refused(empty_client: Client) -> None:
    far = ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00%2B14:00", "1899-12-31T23:59:59Z", "2300-01-01T00:00:00Z")
    for time in (*far, "9999-12-31T23:59:59-14:00"):
        for path in ("workflows/o/instances?started_after=", "slas/s/verdicts?known_at="):
            assert empty_client.get(f"{V1}/{path}{time}").status_code == 400, (path, time)
        at = time.replace("%2B", "+")
        refused = empty_client.post(f"{V1}/silences", json={"matchers": {"sla": "x"}, "ends_at": at})
        assert refused.status_code == 400
        assert refused.json()["detail"] == "ends_at: a time must lie in the years from 1900 to 2299"
    for time in ("1900-01-01T00:00:00Z", "2299-12-31T23:59:59.999999Z"):
        assert empty_client.get(f"{V1}/slas/s/verdicts?known_at={time}").status_code == 404, "there is no such SLA"


def test_a_number_is_no_time(empty_client: Client) -> None:
    """The year 2026, mistaken for seconds since 1970, would list everything."""
    for time in ("2026", "20261129", "1764374400", "1764374400.5", "-1"):
        for path in ("workflows/o/instances?started_after=", "slas/s/verdicts?known_at="):
            answer = empty_client.get(f"{V1}/{path}{time}")
            assert (path, time, answer.status_code) == (path, time, 400)
            assert answer.json()["detail"].endswith("a time is written like 2026-11-29T14:00:00Z")
    refused = empty_client.post(f"{V1}/silences", json={"matchers": {"sla": "x"}, "ends_at": 1764374400})
    assert refused.json()["detail"] == "ends_at: a time is written like 2026-11-29T14:00:00Z"


def test_beside_the_api_a_program_gets_a_problem_and_no_page(empty_client: Client) -> None:
    for path in ("/api", V1, f"{V1}/", "/api/v2/workflows"):
        answer = empty_client.get(path)
        assert (path, answer.status_code) == (path, 404)
        assert answer.headers["content-type"] == "application/problem+json"


def test_what_clickhouse_says_of_a_statement_of_ours_is_told_to_nobody(
    empty_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """Without tables no statement can be answered."""
    catalog = catalog_from_sources([("orders.yaml", world.CATALOG)])
    client = Client(create_app(replace(world.services(empty_store), catalog=lambda _: catalog)))
    for path in (f"{V1}/search?q=hunter2", f"{V1}/workflows/orders/instances/hunter2", "/rows/found?q=hunter2"):
        caplog.clear()
        answer = client.get(path)
        assert answer.status_code == 500
        assert answer.json()["detail"] == "An unexpected error; the server's log has the details under this path"
        assert "ClickHouse refused a statement with its error 60" in caplog.text
        for said in ("SELECT", "DB::Exception", "q=hunter2"):
            assert said not in caplog.text


def test_every_answer_is_described(empty_client: Client) -> None:
    described = got(empty_client, f"{V1}/openapi.json")
    for path, methods in described["paths"].items():
        for operation in methods.values():
            assert "422" not in operation["responses"], "invalid parameters are a problem of status 400"
            if path.startswith(V1):
                for status in ("4XX", "5XX"):
                    assert list(operation["responses"][status]["content"]) == ["application/problem+json"], path
            if path.startswith(V1) and "501" not in operation["responses"] and "204" not in operation["responses"]:
                success = next(each for code, each in operation["responses"].items() if code.startswith("2"))
                assert success["content"]["application/json"]["schema"], path


def test_half_a_character_in_a_request_is_refused_by_name(empty_client: Client) -> None:
    until = "2026-12-01T00:00:00Z"
    for path, body, at in (
        ("silences", {"matchers": {"key": "\ud800"}, "ends_at": until}, "matchers.key"),
        ("silences", {"matchers": {"sla": ["a", "\ud800"]}, "ends_at": until}, "matchers.sla"),
        ("silences", {"matchers": {"sla": "a"}, "ends_at": until, "comment": "\udfff"}, "comment"),
        ("silences", {"matchers": {"sla": "a"}, "ends_at": until, "\ud800": 1}, "body"),
        ("alerts/a/acknowledge", {"comment": "\ud800"}, "comment"),
        ("clocks/c/excuse", {"reason": "\ud800"}, "reason"),
        ("slas/s/excuses", {"from_at": until, "to_at": until, "reason": "\ud800"}, "reason"),
    ):
        refused = empty_client.post(
            f"{V1}/{path}", content=json.dumps(body), headers={"Content-Type": "application/json"}
        )
        assert refused.status_code == 400, (path, refused.text)
        assert refused.json()["detail"].startswith(at), refused.json()["detail"]

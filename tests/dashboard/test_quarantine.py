"""What ClickHouse refused is listed, retried and discarded through the API, within the tenant and with the actor."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import httpx

from dashboard import create_app
from model import Access, Principal
from store import Store
from tests.collector.payloads import poison
from tests.collector.running import RunningCollector, wait_for
from tests.dashboard import world
from tests.dashboard.asgi import Client

V1 = "/api/v1"


def test_refused_requests_are_listed_retried_and_discarded(store: Store, tmp_path: Path) -> None:
    with RunningCollector(store, tmp_path) as running:
        collector = running.collector
        for body in (poison(), poison() * 2):
            headers = {"content-type": "application/x-protobuf"}
            assert httpx.post(f"{running.http}/v1/traces", content=body, headers=headers).status_code == 200
        wait_for(lambda: collector.quarantine.count() == 2 and collector.spool.depth_bytes == 0)
        client = Client(create_app(replace(world.services(store), collector=collector)))

        page = client.get(f"{V1}/quarantine?limit=1").json()
        [first] = page["items"]
        assert set(first) == {"id", "signal", "items", "bytes", "reason", "received_at", "refused_at"}
        assert (first["signal"], first["bytes"] in (len(poison()), 2 * len(poison()))) == ("traces", True)
        assert first["received_at"].endswith("Z")
        [second] = client.get(f"{V1}/quarantine?limit=1&cursor={page['next_cursor']}").json()["items"]

        assert client.post(f"{V1}/quarantine/{first['id']}/discard").json() == first
        again = client.get(f"{V1}/quarantine?limit=1&cursor={page['next_cursor']}").json()
        assert again["items"] == [second], "none is left out where one of an earlier page has gone"
        assert client.post(f"{V1}/quarantine/{first['id']}/discard").status_code == 404
        assert client.post(f"{V1}/quarantine/{second['id']}/retry").json() == second
        wait_for(lambda: [each.id for each in collector.list_quarantine()] not in ([second["id"]], []))
        done = store.rows(
            "SELECT action, subject, actor FROM audit_log WHERE action LIKE 'quarantine.%' ORDER BY action"
        )
        assert [(row["action"], row["subject"]) for row in done] == [
            ("quarantine.discarded", first["id"]),
            ("quarantine.retried", second["id"]),
        ]

        principal = Principal("x", "other", frozenset({"admin"}))
        other = Access(is_open=False, entries=((hashlib.sha256(b"token").hexdigest(), principal),))
        client = Client(create_app(replace(world.services(store, other), collector=collector)))
        assert client.get(f"{V1}/quarantine", headers={"authorization": "Bearer token"}).json()["items"] == []

"""The past judged again, as the API shows it: beside the verdicts that count, never instead of them."""

from __future__ import annotations

from typing import Any

from model import catalog_from_sources
from sla_engine import rejudge
from store import Store, apply_catalog, catalog_history
from tests.dashboard import world
from tests.dashboard.asgi import Client

V1 = "/api/v1"


def got(client: Client, path: str, status: int = 200) -> Any:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_both_views_are_shown_side_by_side(filled: Store, client: Client) -> None:
    known = got(client, f"{V1}/slas/ship_in_time/verdicts"), got(client, f"{V1}/alerts")
    assert got(client, f"{V1}/slas/ship_in_time/rejudgings") == {"items": [], "next_cursor": None}
    got(client, f"{V1}/slas/ship_in_time/rejudged", 404)

    tighter = catalog_from_sources([("orders.yaml", world.CATALOG.replace("within: 4h", "within: 1h"))])
    apply_catalog(filled, tighter, tenant=world.TENANT, actor="ana", at=world.NOW)
    history = catalog_history(filled, world.TENANT)
    list(rejudge(filled, world.TENANT, history, "ship_in_time", since=None, until=None, actor="ana", at=world.NOW))

    (run,) = got(client, f"{V1}/slas/ship_in_time/rejudgings")["items"]
    assert (run["actor"], run["as_of"], run["clocks"], run["from_at"]) == ("ana", "2026-11-20T12:00:00Z", 5, None)
    page = got(client, f"{V1}/slas/ship_in_time/rejudged?changed=true")
    assert page["rejudging"] == run
    assert {(each["old"], each["new"], each["clocks"]) for each in page["changes"]} == {
        ("breached", "breached", 1),
        ("met", "breached", 1),
        ("at_risk", "breached", 1),
        ("pending", "at_risk", 1),
        ("cancelled", "cancelled", 1),
    }
    sides = {each["key"]: (each["old"]["verdict"], each["new"]["verdict"]) for each in page["items"]}
    assert sides == {"SO-1": ("met", "breached"), "SO-3": ("at_risk", "breached"), "A/5": ("pending", "at_risk")}
    first = next(each for each in page["items"] if each["key"] == "SO-1")
    assert (first["old"]["deadline_at"], first["new"]["deadline_at"]) == (
        "2026-11-20T11:00:00Z",
        "2026-11-20T08:00:00Z",
    )
    assert len(got(client, f"{V1}/slas/ship_in_time/rejudged?rejudging={run['id']}&limit=2")["items"]) == 2
    got(client, f"{V1}/slas/ship_in_time/rejudged?rejudging=none", 404)
    got(client, f"{V1}/slas/none/rejudged", 404)

    for found in (
        got(client, f"{V1}/workflows/orders/instances/SO-1"),
        got(client, f"{V1}/workflows/orders/instances?q=SO-1")["items"][0],
    ):
        other, clock = found["slas"]
        assert (clock["id"], clock["verdict"], clock["rejudged"]["verdict"]) == ("ship_in_time", "met", "breached")
        assert (clock["rejudged"]["actor"], clock["rejudged"]["rejudging"]) == ("ana", run["id"])
        assert other["rejudged"] is None
    assert (got(client, f"{V1}/slas/ship_in_time/verdicts"), got(client, f"{V1}/alerts")) == known

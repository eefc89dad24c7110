"""A CloudEvent that comes again is the same event, also when only its receipt says when it was."""

from __future__ import annotations

import json
from pathlib import Path

import httpx

from tests.support.platform import Platform, eventually

_CATALOG = """workflow: trade
keys:
  order: {attributes: [order.id]}
root: order
milestones:
  - {id: placed, match: {event: crm.order.placed}}
"""


def test_an_event_without_a_time_that_comes_again_is_no_other_one(tmp_path: Path) -> None:
    (tmp_path / "catalog.yaml").write_text(_CATALOG)
    event = {"specversion": "1.0", "id": "1", "source": "/crm", "type": "crm.order.placed"}
    platform = Platform(tmp_path / "data", "--catalog", str(tmp_path))
    try:
        for _ in range(2):
            answer = httpx.post(
                f"{platform.otlp_http}/v1/events",
                content=json.dumps({**event, "data": {"order": {"id": "SO-1", "throughline": {"flags": "late"}}}}),
                headers={"content-type": "application/cloudevents+json"},
                timeout=30,
            )
            assert answer.status_code == 202
        [found] = eventually(
            lambda: (
                (events := platform.get("/workflows/trade/instances/SO-1/timeline")["events"])
                and events[0]["deliveries"] == 2
                and events
            ),
            "the order was placed once, and that was reported twice",
        )
        assert found["flags"] == ["missing_timestamp"]
    finally:
        platform.kill()

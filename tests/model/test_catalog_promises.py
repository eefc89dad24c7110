"""What is possible is not refused: milestones that may come again, at any time, or beside each other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from model import CatalogError, catalog_from_sources


def checked(first: dict[str, Any], second: dict[str, Any], **more: Any) -> None:
    """A catalog with an SLA from the milestone declared second to the one declared first."""
    document = {
        "workflow": "shipping",
        "keys": {"order": {"attributes": ["order.id"]}},
        "root": "order",
        "milestones": [
            {"id": "placed", "match": {"event": "placed"}},
            {"id": "first", "match": {"event": "first"}, **first},
            {"id": "second", "match": {"event": "second"}, **second},
        ],
        "slas": [{"id": "in_time", "from": "second", "to": "first", "within": "4h"}],
        **more,
    }
    catalog_from_sources([("c.yaml", json.dumps(document))])


@pytest.mark.parametrize(
    ("first", "second", "more"),
    [
        pytest.param({"repeatable": True}, {}, {}, id="an answer that may come again"),
        pytest.param({"optional": True}, {}, {}, id="an answer without a place in the order"),
        pytest.param({}, {"optional": True}, {}, id="a start without a place in the order"),
        pytest.param({"kind": "compensation"}, {}, {}, id="an answer that is no regular step"),
        pytest.param({}, {"kind": "exception"}, {}, id="a start that is no regular step"),
        pytest.param({"ends": "cancelled"}, {}, {}, id="an answer that cancels"),
        pytest.param({}, {"ends": "failed"}, {}, id="a start that fails the instance, which does not end clocks"),
        pytest.param({"parallel": "g"}, {"parallel": "g"}, {}, id="milestones beside each other"),
        pytest.param({}, {}, {"expected_order": "any"}, id="any order"),
    ],
)
def test_an_answer_declared_before_its_start_is_allowed_where_it_may_come_after(
    first: dict[str, Any], second: dict[str, Any], more: dict[str, Any]
) -> None:
    checked(first, second, **more)


def test_one_that_can_only_come_before_is_refused() -> None:
    with pytest.raises(CatalogError, match="never answers"):
        checked({}, {})
    with pytest.raises(CatalogError, match="never answers"):
        checked({"parallel": "g"}, {"parallel": "h"})

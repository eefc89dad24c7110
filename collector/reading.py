"""What other rooms may ask of the received tables, as statements to build on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from collector.segment import opened_at, received_since
from store import Sql, load_query

_EVER = datetime(1970, 1, 1, tzinfo=UTC)


def committed_segments(since: datetime = _EVER) -> Sql:
    """tenant, segment_id, signal, rows, received_from, received_to, committed_at of every proven segment, once each.

    `since` is the earliest time of commit, inclusive.
    """
    return Sql(load_query("collector", "committed_segments"), {"committed_from": since})


def kept_rows(tenant: str) -> Sql:
    """signal, day (UTC), kept_rows: how much is still there of what came in on each day."""
    return Sql(load_query("collector", "kept_rows"), {"kept_tenant": tenant})


def spans_of_segments(tenant: str, segment_ids: Sequence[str]) -> Sql:
    """All columns of the spans of these segments; no rows for no ids."""
    return _of_segments("spans_of_segments", tenant, segment_ids)


def logs_of_segments(tenant: str, segment_ids: Sequence[str]) -> Sql:
    """All columns of the log records of these segments; no rows for no ids."""
    return _of_segments("logs_of_segments", tenant, segment_ids)


def spans_of_traces(tenant: str, trace_ids: Sequence[str], around: tuple[datetime, datetime]) -> Sql:
    """All columns of the spans of these traces that start within `around`, both ends included."""
    return Sql(
        load_query("collector", "spans_of_traces"),
        {
            "trace_tenant": tenant,
            "trace_ids": list(trace_ids),
            "traces_from": around[0],
            "traces_to": around[1],
        },
    )


def _of_segments(query: str, tenant: str, segment_ids: Sequence[str]) -> Sql:
    ids = sorted(set(segment_ids))
    first, last = (ids[0], ids[-1]) if ids else ("0" * 16 + "-" + "0" * 8,) * 2
    return Sql(
        load_query("collector", query),
        {
            "segment_tenant": tenant,
            "segment_ids": ids,
            "segments_from": min((received_since(each) for each in ids), default=opened_at(first)),
            "segments_to": opened_at(last),
        },
    )

"""How long received rows are kept: a TTL on each received table, counted from when a row was received.

History may be old, so the times inside telemetry decide nothing. Whole parts are dropped, which are at most a day's.
"""

from __future__ import annotations

from store import Store

_COLUMNS = {
    "otel_traces": "ReceivedAt",
    "otel_traces_trace_id_ts": "ReceivedAt",
    "otel_logs": "ReceivedAt",
    "import_rejects": "rejected_at",
}


def apply_retention(store: Store, days: int) -> tuple[str, ...]:
    """Keep received rows that many days, 0 for ever; gives the tables whose rule changed. Repeating it does nothing."""
    changed = []
    for table, column in _COLUMNS.items():
        wanted = f"toDateTime({column}) + toIntervalDay({int(days)})" if days else ""
        engine = str(
            store.value(
                "SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = {name:String}",
                {"name": table},
            )
        )
        present = engine.partition(" TTL ")[2].partition(" SETTINGS ")[0]
        if present == wanted:
            continue
        store.execute(f"ALTER TABLE {table} {f'MODIFY TTL {wanted}' if wanted else 'REMOVE TTL'}")
        changed.append(table)
    return tuple(changed)

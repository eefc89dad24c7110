"""The limit: what ClickHouse needs to insert the same rows, already decoded, from a Native file, with the same indexes.

Merges of what was inserted are included.

`python -m benchmarks.native_limit FOLDER ROWS_OF_A_BLOCK INSERTS` prints the CPU seconds a span took; the tables, the
settings of the INSERT and the number of rows in a block are those of the collector.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from benchmarks.cost import cpu_seconds
from benchmarks.load import SPANS, requests
from benchmarks.rest import come_to_rest
from collector import Signal, new_segment_id
from collector.decode import BLOCK_SETTINGS, insert_of
from model import SystemClock
from store import Sql, Store, migrate


def main(folder: Path, rows: int, inserts: int) -> None:
    """Make the file, insert it again and again, print."""
    count = max(1, rows // SPANS)
    with Store.embedded(folder) as store:
        migrate(store, ("store", "collector"))
        segment, native = folder / "segment.otlp", folder / "rows.native"
        segment.write_bytes(b"".join(requests(count)))
        id_ = new_segment_id(SystemClock().now())
        store.execute(insert_of(Signal.TRACES, "default", id_, segment))
        store.execute(
            Sql(
                "INSERT INTO FUNCTION file({native:String}, 'Native') SELECT * FROM otel_traces ORDER BY rand()",
                {"native": str(native)},
            )
        )
        store.execute("TRUNCATE TABLE otel_traces")
        columns = "SELECT * FROM file({native:String}, 'Native')"
        insert = Sql(f"INSERT INTO otel_traces SETTINGS {BLOCK_SETTINGS} {columns}", {"native": str(native)})
        store.execute(insert)  # the first one warms up
        began, cpu = time.perf_counter(), cpu_seconds()
        for _ in range(inserts):
            store.execute(insert)
        come_to_rest(store)
        used, took = cpu_seconds() - cpu, time.perf_counter() - began
        spans = inserts * count * SPANS
        print(json.dumps({"spans": spans, "cpu_seconds": used, "seconds": took, "spans_per_cpu_second": spans / used}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))

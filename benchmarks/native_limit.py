"""The limit: what ClickHouse needs to insert the same rows, already decoded, from a Native file, with the same indexes.

`python -m benchmarks.native_limit FOLDER` answers each line `ROWS INSERTS` with what those inserts of as many rows
took, with the merges they led to. Tables, settings of the INSERT and the number of inserts at a time are those of the
collector. The table is kept from line to line: told of all the inserts of a collector, it has the same parts as that
one, and merges as much.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.cost import measured
from benchmarks.load import SPANS, requests
from benchmarks.rest import come_to_rest
from collector import Signal, new_segment_id
from collector.decode import BLOCK_SETTINGS, insert_of
from collector.writer import WriterLimits
from model import SystemClock
from store import Sql, Store, migrate


def main(folder: Path) -> None:
    """Answer until the pipe is closed."""
    with Store.embedded(folder) as store:
        migrate(store, ("store", "collector"))
        store.execute("CREATE TABLE decoded AS otel_traces ENGINE = Memory")
        for line in sys.stdin:
            rows, inserts = (int(word) for word in line.split())
            native, made = _native_file(store, folder, max(1, rows // SPANS))
            columns = "SELECT * FROM file({native:String}, 'Native')"
            insert = Sql(f"INSERT INTO otel_traces SETTINGS {BLOCK_SETTINGS} {columns}", {"native": str(native)})
            with measured() as cost:
                with ThreadPoolExecutor(WriterLimits().threads) as writers:
                    for done in [writers.submit(store.execute, insert) for _ in range(inserts)]:
                        done.result()
                come_to_rest(store)
            print(json.dumps({"spans": inserts * made, "cpu_seconds": cost.cpu, "seconds": cost.wall}), flush=True)


def _native_file(store: Store, folder: Path, count: int) -> tuple[Path, int]:
    """The decoded rows of that many requests in no order, and how many they are."""
    segment, native = folder / "segment.otlp", folder / "rows.native"
    segment.write_bytes(b"".join(requests(count)))
    decoding = insert_of(Signal.TRACES, "default", new_segment_id(SystemClock().now()), segment)
    store.execute(Sql(decoding.text.replace(f"INTO {Signal.TRACES.table}", "INTO decoded", 1), decoding.params))
    native.unlink(missing_ok=True)
    store.execute(
        Sql(
            "INSERT INTO FUNCTION file({native:String}, 'Native') SELECT * FROM decoded ORDER BY rand()",
            {"native": str(native)},
        )
    )
    store.execute("TRUNCATE TABLE decoded")
    return native, count * SPANS


if __name__ == "__main__":
    main(Path(sys.argv[1]))

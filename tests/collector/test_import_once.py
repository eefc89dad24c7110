"""An import is exactly once: chunk by chunk, over interruptions at every step, and whole files the second time."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from collector.importing import ImportMapping, ImportReport, import_file
from collector.importing.chunk import Chunk
from collector.importing.ledger import ImportId, ImportLedger
from collector.reading import committed_segments, logs_of_segments
from model import BadRequest, ManualClock
from store import Sql, Store
from tests.collector.import_file_cases import NOW, imported, shop
from tests.support.clickhouse_server import ClickHouseServer

ROWS = 5_000
SMALL: dict[str, Any] = {"chunk_bytes": 25_000}


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    rows = (f"{i},2026-01-02T03:04:05Z,placed,SO-{i // 3}" if i % 50 else f"{i},bad,placed,x" for i in range(ROWS))
    path.write_text("id,at,kind,order\n" + "\n".join(rows) + "\n")
    return path


def assert_stored_once(store: Store, rejected: int = ROWS // 50) -> None:
    wanted = ROWS - rejected
    row = store.rows("SELECT count() AS rows, uniqExact(LogAttributes['cloudevents.event_id']) AS ids FROM otel_logs")[
        0
    ]
    assert row == {"rows": wanted, "ids": wanted}
    segments = store.rows(committed_segments())
    assert sum(segment["rows"] for segment in segments) == wanted
    found = logs_of_segments("default", [segment["segment_id"] for segment in segments])
    assert store.value(Sql("SELECT count() FROM (") + found + Sql(")")) == wanted


def test_a_second_import_changes_nothing_and_says_so(store: Store, orders: Path) -> None:
    first = imported(store, orders, shop(), **SMALL)
    before = store.rows("SELECT * FROM segments ORDER BY segment_id")
    second = imported(store, orders, shop(), **SMALL)
    assert not first.already_imported
    assert second == ImportReport(first.accepted, first.rejected, reasons=first.reasons, already_imported=True)
    assert store.rows("SELECT * FROM segments ORDER BY segment_id") == before
    assert_stored_once(store)


def test_a_copy_under_another_name_is_the_same_file(store: Store, orders: Path) -> None:
    imported(store, orders, shop())
    copy = orders.with_name("copy.csv")
    copy.write_bytes(orders.read_bytes())
    assert imported(store, copy, shop()).already_imported


def test_the_order_of_the_attributes_does_not_make_it_another_import(store: Store, orders: Path) -> None:
    imported(store, orders, shop(attributes={"order": "order", "kind": "kind"}))
    assert imported(store, orders, shop(attributes={"kind": "kind", "order": "order"})).already_imported


class NamedAsWritten(ImportMapping):
    """A mapping as it once named its imports: by its attributes in the order they are written in."""

    @property
    def hash(self) -> str:
        return self.hash_as_written


@pytest.mark.parametrize("steps", [None, 3], ids=["finished", "stopped"])
def test_an_import_named_by_its_attributes_as_they_are_written_is_known(
    store: Store, orders: Path, steps: int | None
) -> None:
    mapping = shop(attributes={"order": "order", "kind": "kind"})
    before = NamedAsWritten.model_validate(mapping.model_dump())
    assert before.hash != mapping.hash
    run = import_file(store, orders, before, clock=ManualClock(NOW), **SMALL)
    list(itertools.islice(run, steps))
    run.close()
    report = imported(store, orders, mapping, **SMALL)
    assert (report.already_imported, report.resumed) == (steps is None, steps is not None)
    assert (report.accepted, report.rejected) == (ROWS - ROWS // 50, ROWS // 50)
    assert_stored_once(store)


def test_each_chunk_is_one_part_and_one_segment(store: Store, orders: Path) -> None:
    store.execute("SYSTEM STOP MERGES otel_logs")
    imported(store, orders, shop(), **SMALL)
    segments = store.value("SELECT uniqExact(SegmentId) FROM otel_logs")
    parts = "SELECT count() FROM system.parts WHERE database = currentDatabase() AND table = 'otel_logs' AND active"
    assert segments == store.value(parts)
    assert segments > 5
    assert store.value("SELECT uniqExact(_part) = uniqExact(SegmentId, _part) FROM otel_logs") == 1
    store.execute("SYSTEM START MERGES otel_logs")


@pytest.mark.parametrize("steps", [1, 5])
def test_an_import_that_was_stopped_goes_on_where_it_was(store: Store, orders: Path, steps: int) -> None:
    stopped = import_file(store, orders, shop(), clock=ManualClock(NOW), **SMALL)
    for _ in range(steps):
        next(stopped)
    stopped.close()
    report = imported(store, orders, shop(), **SMALL)
    assert report.resumed
    assert (report.accepted, report.rejected) == (ROWS - ROWS // 50, ROWS // 50)
    assert len(Path(report.rejected_file or "").read_text().splitlines()) == 1 + ROWS // 50
    assert_stored_once(store)


@pytest.mark.parametrize("end", ["\n", ""])
def test_an_import_goes_on_by_lines_though_the_text_has_other_bytes_now(store: Store, orders: Path, end: str) -> None:
    text = orders.read_text().replace("placed", "bestätigt").rstrip("\n") + end
    orders.write_bytes(text.encode("cp1252"))
    stopped = import_file(store, orders, shop(), clock=ManualClock(NOW), **SMALL)
    list(itertools.islice(stopped, 4))
    stopped.close()
    before = "UPDATE byte_from = byte_from - line_from, byte_to = byte_to - line_from - lines"
    store.execute(f"ALTER TABLE import_chunks {before} WHERE 1 SETTINGS mutations_sync = 2")
    ledger = ImportLedger(store, _import_id(store))
    last = ledger.chunks()[-1]
    line_from = last.line_from + last.lines
    ledger.begin(Chunk(last.number + 1, b"", last.byte_to, last.byte_to + 20, line_from, 500), NOW)
    report = imported(store, orders, shop(), **SMALL)
    assert (report.resumed, report.accepted, report.rejected) == (True, ROWS - ROWS // 50, ROWS // 50)
    assert_stored_once(store)


@pytest.mark.parametrize("change", ["other rows", "more rows", "fewer rows"])
def test_of_a_file_that_is_changed_meanwhile_only_what_it_was_is_imported(
    store: Store, tmp_path: Path, change: str
) -> None:
    path = tmp_path / "orders.csv"
    text = "id,at,kind,order\n" + "".join(f"{n},2026-01-02,placed,{'SO' * 20}\n" for n in range(9_000))
    changed = {"other rows": text.replace("SO", "XX"), "more rows": text + "X,2026-01-02,placed,XX\n", "fewer rows": ""}
    path.write_text(text)
    steps = import_file(store, path, shop(), clock=ManualClock(NOW), chunk_bytes=100_000)
    next(steps)
    with path.open("r+") as file:
        file.write(changed[change])
        file.truncate()
    with pytest.raises(BadRequest, match="was changed while it was imported"):
        list(steps)
    path.write_text(text)
    report = imported(store, path, shop(), chunk_bytes=100_000)
    assert (report.accepted, report.resumed) == (9_000, True)
    of_the_file = store.value("SELECT countIf(LogAttributes['order'] LIKE 'SO%') FROM otel_logs")
    assert of_the_file == store.value("SELECT count() FROM otel_logs") == 9_000


def test_a_chunk_begun_but_not_inserted_is_inserted(store: Store, orders: Path) -> None:
    stopped = import_file(store, orders, shop(), clock=ManualClock(NOW), **SMALL)
    next(stopped)
    stopped.close()
    ledger = ImportLedger(store, _import_id(store))
    last = ledger.chunks()[-1]
    data = orders.read_bytes()[last.byte_to :][:5_000]
    data = data[: data.rindex(b"\n") + 1]
    begun = Chunk(1, data, last.byte_to, last.byte_to + len(data), last.line_from + last.lines, data.count(b"\n"))
    ledger.begin(begun, NOW)
    assert imported(store, orders, shop(), **SMALL).resumed
    assert_stored_once(store)


def test_a_chunk_inserted_but_not_recorded_is_not_inserted_again(store: Store, orders: Path) -> None:
    imported(store, orders, shop(), **SMALL)
    forget = "SETTINGS mutations_sync = 2"
    store.execute(f"ALTER TABLE imports DELETE WHERE finished_at IS NOT NULL {forget}")
    ledger = ImportLedger(store, _import_id(store))
    last = ledger.chunks()[-1]
    store.execute(f"ALTER TABLE import_chunks DELETE WHERE chunk = {last.number} {forget}")
    store.execute(f"ALTER TABLE import_rejects DELETE WHERE chunk = {last.number} {forget}")
    store.execute(f"ALTER TABLE segments DELETE WHERE segment_id = '{last.segment_id}' {forget}")
    ledger.begin(Chunk(last.number, b"", last.byte_from, last.byte_to, last.line_from, last.lines), last.received_at)
    assert imported(store, orders, shop(), **SMALL).resumed
    assert_stored_once(store)


def _import_id(store: Store) -> ImportId:
    row = store.rows("SELECT tenant, file_hash, mapping_hash FROM imports FINAL")[0]
    return ImportId(row["tenant"], row["file_hash"], row["mapping_hash"])


RUN = """
import sys
from pathlib import Path
from collector.importing import import_file, load_mapping
from model import SystemClock
from store import Store, migrate

where, file, mapping, database = sys.argv[1:]
store = Store.server(where, database=database) if where.startswith("http") else Store.embedded(Path(where))
migrate(store, ("store", "collector"))
print("ready", flush=True)
for step in import_file(store, Path(file), load_mapping(Path(mapping)), clock=SystemClock(), chunk_bytes=200_000):
    pass
print(step.accepted, store.value("SELECT count() FROM otel_logs"),
    store.value("SELECT uniqExact(LogAttributes['cloudevents.event_id']) FROM otel_logs"),
    store.value("SELECT sum(rows) FROM segments FINAL"), flush=True)
store.close()
"""


def _killed_until_done(where: str, file: Path, mapping: Path, kills: int, delay: float) -> list[str]:
    """Kill the importing process `kills` times at random moments of its work, then let it end; its last words."""
    command = [sys.executable, "-c", RUN, where, str(file), str(mapping), "killed"]
    random_moment = random.Random(7)
    for _ in range(kills):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(random_moment.uniform(0, delay))
        process.kill()
        process.communicate()
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    return done.stdout.split()[1:]


@pytest.fixture
def many_orders(tmp_path: Path) -> tuple[Path, Path]:
    path, mapping = tmp_path / "many.csv", tmp_path / "many.yaml"
    rows = (f"{i},2026-01-02T03:04:05Z,placed,SO-{i // 3}" for i in range(200_000))
    path.write_text("id,at,kind,order\n" + "\n".join(rows) + "\n")
    mapping.write_text(
        "source: shop\nformat: csv\nid: id\ntime: {column: at}\ntype: {column: kind}\nattributes: {order: order}\n"
    )
    return path, mapping


@pytest.mark.server
def test_a_process_killed_again_and_again_loses_and_doubles_nothing_on_a_server(
    clickhouse_server: ClickHouseServer, many_orders: tuple[Path, Path]
) -> None:
    assert _killed_until_done(clickhouse_server.url, *many_orders, kills=6, delay=1.0) == ["200000"] * 4


def test_a_process_killed_again_and_again_loses_and_doubles_nothing_embedded(
    tmp_path: Path, many_orders: tuple[Path, Path]
) -> None:
    assert _killed_until_done(str(tmp_path / "data"), *many_orders, kills=4, delay=1.0) == ["200000"] * 4

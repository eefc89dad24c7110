"""Two platforms over one store: the second is refused by name, or stands by and takes over."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sla_engine import create_leases
from store import Store, pending
from tests.support.clickhouse_server import ClickHouseServer
from tests.support.platform import Platform, eventually, throughline
from throughline.standby import Holding
from throughline.tables import ROOMS, migrate_all

PORTS = ("--otlp-grpc-port", "0", "--otlp-http-port", "0", "--http-port", "0")


def standing_by(data_dir: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "throughline", "up", "--data-dir", str(data_dir), "--standby", *PORTS, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def line_with(process: subprocess.Popen[str], words: str) -> str:
    """The first line of output that holds the words."""
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return line
    raise AssertionError(f"ended with {process.wait()} without saying {words!r}")


def test_who_stands_by_on_a_folder_takes_over_when_the_holder_dies(tmp_path: Path) -> None:
    holder = Platform(tmp_path)
    waiting = standing_by(tmp_path)
    try:
        assert str(holder.process.pid) in line_with(waiting, "standing by")
        holder.kill()
        line_with(waiting, "Throughline is ready")
    finally:
        holder.kill()
        waiting.terminate()
        waiting.communicate(timeout=60)
    assert waiting.returncode == 0


def test_who_stands_by_can_be_stopped(tmp_path: Path) -> None:
    holder = Platform(tmp_path)
    waiting = standing_by(tmp_path)
    try:
        line_with(waiting, "standing by")
        waiting.terminate()
        waiting.communicate(timeout=30)
        assert waiting.returncode == 0
    finally:
        holder.kill()


@pytest.mark.server
def test_processes_that_start_together_over_a_new_database_make_its_tables_once(
    clickhouse_server: ClickHouseServer,
) -> None:
    database = f"t_{uuid.uuid4().hex[:12]}"
    stores = [Store.server(clickhouse_server.url, database=database) for _ in range(3)]
    with ThreadPoolExecutor(3) as starting:
        made = list(starting.map(migrate_all, stores))
    assert sorted(map(bool, made)) == [False, False, True]
    assert pending(stores[0], ROOMS) == ()
    assert stores[0].value("SELECT count() - uniqExact(room, name) FROM applied_migrations") == 0
    stores[0].execute(f"DROP DATABASE {database} SYNC")


@pytest.mark.server
def test_who_stops_while_the_store_is_away_leaves_its_roles_to_run_out(
    clickhouse_server: ClickHouseServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store.server(clickhouse_server.url, database=f"t_{uuid.uuid4().hex[:12]}")
    create_leases(store)
    holding = Holding(store, ("correlator", "alerting"), tmp_path)
    assert asyncio.run(holding.take(standby=False, stop=asyncio.Event()))
    store.execute(f"DROP DATABASE {store.database} SYNC")
    holding.release()
    store.close()
    assert [each.getMessage().partition(":")[0] for each in caplog.records] == [
        "the role correlator is free when its lease has run out",
        "the role alerting is free when its lease has run out",
    ]


@pytest.mark.slow
@pytest.mark.server
def test_over_a_server_the_second_is_refused_by_name_or_takes_over(
    tmp_path: Path, clickhouse_server: ClickHouseServer
) -> None:
    url = ("--clickhouse-url", clickhouse_server.url)
    first, second = tmp_path / f"a{uuid.uuid4().hex[:6]}", tmp_path / "b"
    holder = Platform(first, *url, "--roles", "correlator,sla_engine,alerting")  # which tells of itself as well
    waiting = None
    tables = Store.server(clickhouse_server.url)
    pending = "room = 'sla_engine' AND name = '0004_rejudged.sql'"  # as a later version finds it
    tables.execute(f"DELETE FROM applied_migrations WHERE {pending}")

    def applied() -> int:
        return int(tables.value(f"SELECT count() FROM applied_migrations WHERE {pending}"))

    try:
        refused = throughline("up", "--data-dir", str(second), *PORTS, *url)
        assert refused.returncode == 1
        assert f"process {holder.process.pid} on" in refused.stderr
        for command in ("status", "migrate"):
            asked = throughline(command, "--data-dir", str(second), *url)
            assert asked.returncode == 1
            assert f"is run by process {holder.process.pid} on" in asked.stderr
        assert applied() == 0, "who is refused has changed nothing"
        waiting = standing_by(second, *url)
        assert f"process {holder.process.pid} on" in line_with(waiting, "standing by")
        assert applied() == 0, "who waits has changed nothing"
        holder.kill()
        line_with(waiting, "Throughline is ready")
        assert applied() == 1
        status = eventually(lambda: throughline("status", "--data-dir", str(second)).stdout, "a status", seconds=60)
        assert status
    finally:
        holder.kill()
        if waiting is not None:
            waiting.terminate()
            waiting.communicate(timeout=60)
        tables.close()

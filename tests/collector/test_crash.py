"""A collector killed at any moment loses nothing it acknowledged and doubles nothing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.collector import sudden_death
from tests.collector.payloads import spans
from tests.collector.running import wait_for
from tests.support.clickhouse_server import ClickHouseServer, free_port

_PROTOBUF = {"content-type": "application/x-protobuf"}
_SPANS = 20


class _Sender(threading.Thread):
    """Sends requests one after another until the collector is gone; each has spans of its own, sent once only."""

    def __init__(self, port: int, first: int) -> None:
        super().__init__()
        self._url = f"http://127.0.0.1:{port}/v1/traces"
        self.next = first
        self.acknowledged = 0
        self.unanswered = 0

    def run(self) -> None:
        with httpx.Client(timeout=10) as client:
            while True:
                body = spans(_SPANS, first=self.next).SerializeToString()
                self.next += _SPANS
                try:
                    answer = client.post(self._url, content=body, headers=_PROTOBUF)
                except httpx.HTTPError:
                    self.unanswered += _SPANS
                    return
                assert answer.status_code == 200
                self.acknowledged += _SPANS


def _start(
    folder: Path, port: int, url: str | None, where: Path | None = None, point: str | None = None
) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.collector.crashing", str(folder), str(port), *([url] if url else [])]
    command += ["--die", point] if point else []
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=where, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def _cycles(folder: Path, cycles: int, server: ClickHouseServer | None, seed: int) -> None:
    chance = random.Random(seed)
    url = server.url if server else None
    acknowledged = unanswered = following = 0
    for cycle in range(cycles):
        port = free_port()
        process = _start(folder, port, url)
        senders = [_Sender(port, following + 10_000_000 * number) for number in range(3)]
        for sender in senders:
            sender.start()
        time.sleep(chance.uniform(0.05, 1.0))
        if cycle == cycles - 1 and not acknowledged:  # so slow a machine that nothing was, before any death
            wait_for(partial(_some_acknowledged, senders))
        if server is not None and cycle % 2:
            server.kill()
        process.kill()
        process.communicate()
        for sender in senders:
            sender.join()
        if server is not None and cycle % 2:
            server.start()
        following = max(sender.next - 10_000_000 * number for number, sender in enumerate(senders))
        acknowledged += sum(sender.acknowledged for sender in senders)
        unanswered += sum(sender.unanswered for sender in senders)
    _compare(folder, url, acknowledged, unanswered)


def _some_acknowledged(senders: list[_Sender]) -> bool:
    return any(sender.acknowledged for sender in senders)


def _compare(folder: Path, url: str | None, acknowledged: int, unanswered: int) -> None:
    with _start(folder, 0, url) as process:
        assert process.stdout is not None
        rows, different, recorded = (int(line) for line in process.stdout.read().split())
        assert process.wait(60) == 0
    assert acknowledged > 0
    assert rows == different == recorded, "something is there twice"
    assert acknowledged <= rows <= acknowledged + unanswered, "something is lost"


def test_a_run_leaves_nothing_in_the_working_directory(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    port = free_port()
    process = _start(tmp_path / "data", port, None, tmp_path / "here")
    body = spans(_SPANS).SerializeToString()
    assert httpx.post(f"http://127.0.0.1:{port}/v1/traces", content=body, headers=_PROTOBUF).status_code == 200
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 0
    with _start(tmp_path / "data", 0, None, tmp_path / "here") as process:
        assert process.stdout is not None
        assert [int(line) for line in process.stdout.read().split()] == [_SPANS] * 3
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.parametrize("cycles", [4, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_killed_at_random_moments_embedded(tmp_path: Path, cycles: int) -> None:
    _cycles(tmp_path, cycles, None, seed=cycles)


@pytest.mark.server
@pytest.mark.parametrize("cycles", [3, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_killed_at_random_moments_together_with_the_server(tmp_path: Path, cycles: int) -> None:
    (tmp_path / "server").mkdir()
    server = ClickHouseServer(tmp_path / "server")
    try:
        _cycles(tmp_path, cycles, server, seed=cycles)
    finally:
        server.kill()


_POINTS = [
    "rename in writer._insert",
    "fsync in writer._insert",
    "after writer._insert",
    "after writer._record",
    "unlink in spool.finished",
    "fsync in spool._commit",
]
_MORE_POINTS = [
    "before writer._insert",
    "mkdir in writer._insert",
    "rename in writer._record",
    "before writer._record",
    "after spool.finished",
    "after spool._commit",
    "before spool._close",
    "after spool._close",
]


@pytest.mark.skipif(not sudden_death.possible(), reason="needs Linux on x86-64 or ARM64")
@pytest.mark.parametrize("point", [*_POINTS, *(pytest.param(each, marks=pytest.mark.slow) for each in _MORE_POINTS)])
def test_killed_at_a_chosen_point_embedded(tmp_path: Path, point: str) -> None:
    port = free_port()
    process = _start(tmp_path, port, None, point=point)
    sender = _Sender(port, 0)
    sender.start()
    process.communicate(timeout=60)
    assert process.returncode in (-signal.SIGKILL, -signal.SIGSYS)
    sender.join()
    _compare(tmp_path, None, sender.acknowledged, sender.unanswered)


@pytest.mark.server
@pytest.mark.skipif(not sudden_death.possible(), reason="needs Linux on x86-64 or ARM64")
@pytest.mark.parametrize("call", ["rename", pytest.param("fsync", marks=pytest.mark.slow)])
def test_a_server_killed_within_an_insert_while_the_collector_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """The rename of a part is where a deduplication token is recorded and the rows are not there yet."""
    told = tmp_path / "die"
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(
        f"import sys\nsys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
        "from pathlib import Path\nfrom tests.collector.sudden_death import die_when_told\n"
        f"die_when_told(Path({str(told)!r}), {call!r})\n"
    )
    (tmp_path / "server").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    server = ClickHouseServer(tmp_path / "server")
    monkeypatch.delenv("PYTHONPATH")
    port = free_port()
    process = _start(tmp_path, port, server.url)
    try:
        sender = _Sender(port, 0)
        sender.start()
        time.sleep(0.5)
        told.touch()
        assert server.process.wait(30) == -signal.SIGSYS
        time.sleep(0.5)
        server.log.close()
        server.start()
        time.sleep(0.5)
        process.kill()
        process.communicate()
        sender.join()
        _compare(tmp_path, server.url, sender.acknowledged, sender.unanswered)
    finally:
        process.kill()
        server.kill()

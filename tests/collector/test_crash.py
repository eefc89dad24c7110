"""A collector killed at any moment loses nothing it acknowledged and doubles nothing."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.collector.payloads import spans
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


def _start(folder: Path, port: int, url: str | None, where: Path | None = None) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.collector.crashing", str(folder), str(port), *([url] if url else [])]
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


@pytest.mark.parametrize("cycles", [8, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_killed_at_random_moments_embedded(tmp_path: Path, cycles: int) -> None:
    _cycles(tmp_path, cycles, None, seed=cycles)


@pytest.mark.server
@pytest.mark.parametrize("cycles", [6, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_killed_at_random_moments_together_with_the_server(tmp_path: Path, cycles: int) -> None:
    (tmp_path / "server").mkdir()
    server = ClickHouseServer(tmp_path / "server")
    try:
        _cycles(tmp_path, cycles, server, seed=cycles)
    finally:
        server.kill()

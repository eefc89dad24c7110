"""A full disk under the spool: refused as worth sending again, nothing acknowledged lost, and then it goes on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from store import Store
from tests.collector.payloads import spans
from tests.collector.running import wait_for
from tests.support.clickhouse_server import ClickHouseServer, free_port

_PROTOBUF = {"content-type": "application/x-protobuf"}
_SPANS = 200
_SMALL_DISK = 'mount -t tmpfs -o size=2m none "$0" && exec "$@"'


def _in_own_mounts() -> list[str]:
    command = ["unshare", "--map-root-user", "--mount"]
    if shutil.which("unshare") is None or subprocess.run([*command, "true"], capture_output=True).returncode:
        pytest.skip("needs unshare and leave to mount a small disk of its own")
    return command


@pytest.mark.server
def test_a_full_disk_is_told_to_senders_and_loses_nothing(tmp_path: Path) -> None:
    for name in ("server", "data/spool"):
        (tmp_path / name).mkdir(parents=True)
    server = ClickHouseServer(tmp_path / "server")
    port = free_port()
    command = [*_in_own_mounts(), "sh", "-c", _SMALL_DISK, str(tmp_path / "data" / "spool")]
    command += [sys.executable, "-m", "tests.collector.crashing", str(tmp_path / "data"), str(port), server.url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        server.kill()
        acknowledged = 0

        def send(client: httpx.Client) -> httpx.Response:
            nonlocal acknowledged
            body = spans(_SPANS, first=acknowledged).SerializeToString()
            answer = client.post(f"http://127.0.0.1:{port}/v1/traces", content=body, headers=_PROTOBUF)
            acknowledged += _SPANS if answer.status_code == 200 else 0
            return answer

        with httpx.Client(timeout=30) as client:
            while (answer := send(client)).status_code == 200:
                assert acknowledged < 100_000, "the disk never got full"
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
            assert b"No space left" in answer.content
            assert acknowledged > 0
            assert send(client).status_code == 503
            server.start()
            wait_for(lambda: send(client).status_code == 200, 60)
            assert send(client).status_code == 200
        with Store.server(server.url) as store:
            wait_for(lambda: store.value("SELECT count() FROM otel_traces") >= acknowledged, 60)
            wait_for(lambda: store.value("SELECT sum(rows) FROM segments FINAL") >= acknowledged, 60)
            assert store.value("SELECT count() FROM otel_traces") == acknowledged
            assert store.value("SELECT uniqExact(SpanId) FROM otel_traces") == acknowledged
    finally:
        process.kill()
        process.communicate()
        server.kill()

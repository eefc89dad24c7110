"""The official JavaScript SDK works unchanged: HTTP/protobuf, HTTP/JSON and gRPC."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.collector.running import RunningCollector

_HERE = Path(__file__).parent / "javascript"

pytestmark = pytest.mark.node


@pytest.fixture(scope="module")
def javascript(pytestconfig: pytest.Config) -> Path:
    """The folder with the SDK installed, kept from run to run; skips without node, npm or their registry."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir("javascript-sdk")
    package = (_HERE / "package.json").read_text(encoding="utf-8")
    mark = folder / "installed.json"
    if not mark.exists() or mark.read_text(encoding="utf-8") != package:
        (folder / "package.json").write_text(package, encoding="utf-8")
        command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=240)
        if done.returncode:
            pytest.skip(f"npm could not install the JavaScript SDK: {done.stderr.strip()[-200:]}")
        mark.write_text(package, encoding="utf-8")
    shutil.copy(_HERE / "send.js", folder / "send.js")
    return folder


@pytest.mark.parametrize("protocol", ["proto", "json", "grpc"])
def test_the_javascript_sdk_reports_spans_and_events(
    running: RunningCollector, javascript: Path, protocol: str
) -> None:
    command = ["node", "send.js", protocol, running.http, running.grpc]
    done = subprocess.run(command, cwd=javascript, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    rows = {row["SpanName"]: row for row in running.rows("otel_traces", 2)}
    order, charge = rows["place order"], rows["charge"]
    assert charge["TraceId"] == order["TraceId"]
    assert charge["ParentSpanId"] == order["SpanId"]
    assert (order["ServiceName"], order["ScopeName"], order["SpanKind"]) == ("shop-js", "tests", "Server")
    assert order["SpanAttributes"] == {
        "order.id": "SO-1",
        "lines": '["a","b"]',
        "total": "99.5",
        "count": "3",
        "rush": "true",
    }
    assert (order["Events.Name"], order["Events.Attributes"]) == (["stock.reserved"], [{"sku": "A1"}])
    assert (charge["StatusCode"], charge["StatusMessage"]) == ("Error", "declined")
    (event,) = running.rows("otel_logs", 1)
    assert (event["EventName"], event["Body"]) == ("order.placed", '{"order":"SO-1"}')
    assert running.collector.counters.value("refused_requests", reason="not_supported") == 1

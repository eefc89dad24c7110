"""The OpenTelemetry JavaScript SDK works unchanged, over all three of its exporters."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.platform import Platform, eventually

pytestmark = pytest.mark.node
SOURCES = Path(__file__).with_name("javascript")
CATALOG = Path(__file__).with_name("catalog.yaml")


@pytest.fixture(scope="module")
def sender(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the SDK installed from its registry."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("the JavaScript SDK needs node and npm; neither is part of the project")
    folder = tmp_path_factory.mktemp("javascript")
    for name in ("package.json", "send.js"):
        shutil.copy(SOURCES / name, folder)
    install = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel", "error"]
    done = subprocess.run(install, cwd=folder, capture_output=True, text=True, timeout=240)
    if done.returncode:
        pytest.skip(f"npm could not install the JavaScript SDK: {done.stderr.strip()[-300:]}")
    return folder


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    catalog = tmp_path_factory.mktemp("catalog")
    shutil.copy(CATALOG, catalog)
    found = Platform(tmp_path_factory.mktemp("data"), "--catalog", str(catalog))
    yield found
    found.kill()


@pytest.mark.parametrize("exporter", ["proto", "http", "grpc"])
def test_spans_and_events_arrive(sender: Path, platform: Platform, exporter: str) -> None:
    number = {"proto": "71", "http": "72", "grpc": "73"}[exporter]
    done = subprocess.run(
        ["node", "send.js", exporter, platform.otlp_http, platform.otlp_grpc, number, f"C{number}"],
        cwd=sender,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = eventually(
        lambda: (
            (instance := platform.get(f"/workflows/parts/instances/{number}"))["current_milestone"] == "sent"
            and instance
        ),
        "the request was sent",
    )
    assert (found["amount"], found["currency"]) == ("19.5", "EUR")
    assert sorted(found["keys"]["crate"]) == [f"C{number}", f"C{number}-b"]
    verdicts = eventually(
        lambda: len(clocks := platform.get(f"/workflows/parts/instances/{number}")["slas"]) == 3 and clocks,
        "three promises are judged",
    )
    assert {(clock["id"], clock["per"], clock["verdict"]) for clock in verdicts} == {
        ("packed_in_time", None, "met"),
        ("crate_as_promised", f"C{number}", "pending"),
        ("crate_as_promised", f"C{number}-b", "met"),
    }

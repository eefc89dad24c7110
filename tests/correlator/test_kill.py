"""A process that stitches while events stream in is killed again and again: nothing is lost, doubled or different."""

from __future__ import annotations

import random
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from tests.correlator.streaming import SEGMENTS, events_of
from tests.support.clickhouse_server import ClickHouseServer

READ = """
import sys, json
from dataclasses import asdict
from tests.correlator.outcome import stitched
from tests.correlator.streaming import FLOW, open_store
with open_store(sys.argv[1]) as store:
    print(json.dumps(asdict(stitched(store, FLOW)), default=str, sort_keys=True))
"""


def _start(target: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.correlator.streaming", target],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def _outcome(target: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", READ, target],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[2],
        check=True,
    )
    return done.stdout


@pytest.fixture(params=["embedded", pytest.param("server", marks=pytest.mark.server)])
def targets(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """Two empty stores: one for a process that nobody kills, one for the others. A server lives on when they die."""
    if request.param == "embedded":
        return str(tmp_path / "whole"), str(tmp_path / "killed")
    server: ClickHouseServer = request.getfixturevalue("clickhouse_server")
    name = uuid.uuid4().hex[:12]
    return f"{server.url}#whole_{name}", f"{server.url}#killed_{name}"


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_killing_the_process_while_events_stream_in_changes_nothing(targets: tuple[str, str]) -> None:
    whole, killed = targets
    assert _start(whole).communicate(timeout=800)[0].endswith("done\n")
    rng = random.Random(5)
    kills = 0
    for _ in range(12):
        process = _start(killed)
        assert process.stdout is not None
        process.stdout.readline()  # it stitches
        time.sleep(rng.uniform(0.0, 1.5))
        if process.poll() is not None:
            break
        process.kill()
        process.communicate()
        kills += 1
    assert _start(killed).communicate(timeout=800)[0].endswith("done\n")
    assert kills > 2
    expected = _outcome(whole)
    assert f'"q{SEGMENTS - 1}"' in expected
    assert len(events_of(0)) == 6
    assert _outcome(killed) == expected

"""A process that stitches while events stream in is killed again and again: nothing is lost, doubled or different."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.correlator.streaming import SEGMENTS, events_of

READ = """
import sys, json
from dataclasses import asdict
from pathlib import Path
from store import Store
from tests.correlator.outcome import stitched
from tests.correlator.streaming import FLOW
with Store.embedded(Path(sys.argv[1])) as store:
    print(json.dumps(asdict(stitched(store, FLOW)), default=str, sort_keys=True))
"""


def _start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.correlator.streaming", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def _outcome(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", READ, str(folder)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[2],
        check=True,
    )
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killing_the_process_while_events_stream_in_changes_nothing(tmp_path: Path) -> None:
    whole = _start(tmp_path / "whole")
    assert whole.communicate(timeout=250)[0].endswith("done\n")
    rng = random.Random(5)
    kills = 0
    for _ in range(12):
        process = _start(tmp_path / "killed")
        assert process.stdout is not None
        process.stdout.readline()  # it stitches
        time.sleep(rng.uniform(0.0, 1.5))
        if process.poll() is not None:
            break
        process.kill()
        process.communicate()
        kills += 1
    last = _start(tmp_path / "killed")
    assert last.communicate(timeout=250)[0].endswith("done\n")
    assert kills > 2
    expected = _outcome(tmp_path / "whole")
    assert f'"q{SEGMENTS - 1}"' in expected
    assert len(events_of(0)) == 6
    assert _outcome(tmp_path / "killed") == expected

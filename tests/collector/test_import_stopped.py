"""An import that is told to end leaves none of its rows among the temporary files, and goes on when it is run again."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

from tests.collector.import_file_cases import SHOP

ROWS = 400_000


def test_an_import_that_is_told_to_end_leaves_no_rows_behind(tmp_path: Path) -> None:
    file, mapping, temporary = tmp_path / "orders.csv", tmp_path / "mapping.yaml", tmp_path / "temporary"
    file.write_text("id,at,kind,order\n" + "".join(f"{n},2026-01-02,placed,SO-{n}\n" for n in range(ROWS)))
    mapping.write_text(json.dumps(SHOP))
    temporary.mkdir()
    command = [sys.executable, "-m", "throughline", "import", str(file), "--mapping", str(mapping)]
    command += ["--data-dir", str(tmp_path / "data")]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 60
    while not (found := list(temporary.glob("*/chunk"))) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert stat.S_IMODE(found[0].stat().st_mode) == 0o600
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert list(temporary.iterdir()) == []
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert f"{ROWS:,}" in done.stdout

"""An import that ends leaves none of its rows among the temporary files, and goes on when it is run again."""

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


class Importing:
    """An import in a process of its own, once it has rows in a folder of its own among the temporary files."""

    def __init__(self, folder: Path) -> None:
        file, mapping, self.temporary = folder / "orders.csv", folder / "mapping.yaml", folder / "temporary"
        file.write_text("id,at,kind,order\n" + "".join(f"{n},2026-01-02,placed,SO-{n}\n" for n in range(ROWS)))
        mapping.write_text(json.dumps(SHOP))
        self.temporary.mkdir()
        self.command = [sys.executable, "-m", "throughline", "import", str(file), "--mapping", str(mapping)]
        self.command += ["--data-dir", str(folder / "data")]
        self.environment = {**os.environ, "TMPDIR": str(self.temporary)}
        self.process = subprocess.Popen(
            self.command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        deadline = time.monotonic() + 60
        while not (found := list(self.temporary.glob("*/chunk"))) and self.process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        self.chunk = found[0]

    @property
    def folders(self) -> list[Path]:
        return [each for each in self.temporary.iterdir() if each.is_dir()]


def test_an_import_that_is_told_to_end_leaves_no_rows_behind(tmp_path: Path) -> None:
    importing = Importing(tmp_path)
    assert stat.S_IMODE(importing.chunk.stat().st_mode) == 0o600
    assert stat.S_IMODE(importing.chunk.parent.stat().st_mode) == 0o700
    importing.process.send_signal(signal.SIGTERM)
    importing.process.communicate(timeout=60)
    assert importing.process.returncode == 128 + signal.SIGTERM
    assert list(importing.temporary.iterdir()) == []
    done = subprocess.run(importing.command, env=importing.environment, capture_output=True, text=True, check=True)
    assert f"{ROWS:,}" in done.stdout


def test_the_rows_of_a_killed_import_are_removed_by_the_next_one_those_of_a_running_one_stay(tmp_path: Path) -> None:
    importing = Importing(tmp_path)
    its_own = importing.chunk.parent
    begin = "from collector.importing.working_folder import working_folder\nwith working_folder(): pass"
    another = [sys.executable, "-c", begin]
    importing.process.send_signal(signal.SIGSTOP)
    subprocess.run(another, env=importing.environment, check=True)
    assert importing.folders == [its_own]
    importing.process.kill()
    importing.process.communicate(timeout=60)
    assert importing.folders == [its_own]
    subprocess.run(another, env=importing.environment, check=True)
    assert importing.folders == []

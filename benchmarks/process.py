"""Processes to measure: started, asked over pipes, and looked at through /proc (CPU seconds, resident memory)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[1]
_TICKS = os.sysconf("SC_CLK_TCK")


class Process:
    """`python -m MODULE ARGUMENTS`, until the `with` block ends; it answers lines with lines of JSON."""

    def __init__(self, module: str, *arguments: str, cwd: Path | None = None) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", module, *arguments]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=cwd or ROOT, env=environment
        )

    def ask(self, question: str | None = None) -> Any:
        """Write a line, read the next one; without a question only read."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if question is not None:
            self._process.stdin.write(question + "\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args} ended early with {self._process.wait()}")
        return json.loads(line)

    @property
    def cpu_seconds(self) -> float:
        """User and system time of all its threads."""
        return cpu_seconds(self._process.pid)

    @property
    def resident_mb(self) -> float:
        """Resident memory now."""
        return resident_mb(self._process.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        assert self._process.stdin is not None
        self._process.terminate()
        try:
            self._process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


class Memory:
    """Watches the resident memory of a process from another thread, once every 0.2 seconds."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._ended = threading.Event()
        self.samples: list[float] = []
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.2):
            self.samples.append(self._process.resident_mb)

    @property
    def largest(self) -> float:
        """The most it was, in MB."""
        return max(self.samples, default=0.0)

    @property
    def growth(self) -> float:
        """Mean of the last third over the mean of the middle third: 1 is flat."""
        third = len(self.samples) // 3
        middle, last = self.samples[third : 2 * third], self.samples[2 * third :]
        return (sum(last) / len(last)) / (sum(middle) / len(middle)) if third else 1.0


def cpu_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MB (1,048,576 bytes)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def waited(condition: Any, seconds: float = 120) -> None:
    """Return once it is true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not come true in time")
        time.sleep(0.02)

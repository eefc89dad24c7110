"""A platform run as a user runs it: `throughline up` in a process of its own, on free ports, over the wire."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx


class Platform:
    """Starts when made and waits until `/readyz` says 200. `stop` is Ctrl-C, `kill` is a power cut."""

    def __init__(self, data_dir: Path, *arguments: str) -> None:
        self.data_dir = data_dir
        self.arguments = arguments
        self.start()

    def start(self) -> None:
        """Start it on the same folder (again)."""
        (self.data_dir / "control.json").unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "throughline", "up", "--data-dir", str(self.data_dir)),
                *("--otlp-grpc-port", "0", "--otlp-http-port", "0", "--http-port", "0", "--tick-seconds", "1"),
                *self.arguments,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        control = eventually(self._control, "the platform is ready", seconds=60)
        self.http: str = control["http"]
        self.otlp_grpc: str = control["otlp_grpc"]
        self.otlp_http: str = control["otlp_http"]
        eventually(lambda: httpx.get(f"{self.http}/readyz").status_code == 200, "/readyz answers 200")

    def get(self, path: str, **params: Any) -> Any:
        """The JSON of an API path, which must answer 200."""
        answer = httpx.get(f"{self.http}/api/v1{path}", params=params, timeout=30)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def stop(self) -> tuple[str, str]:
        """End it as Ctrl-C does; what it printed to standard output and standard error."""
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, err
        return out, err

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.communicate()

    def _control(self) -> Any:
        if self.process.poll() is not None:
            out, err = self.process.communicate()
            raise AssertionError(f"the platform ended at once: {out}{err}")
        try:
            return json.loads((self.data_dir / "control.json").read_text())
        except (FileNotFoundError, ValueError):
            return None


def eventually(found: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """The first true answer, asked for again and again; fails with `what` was expected when the time is over."""
    deadline = time.monotonic() + seconds
    last: Any = None
    while time.monotonic() < deadline:
        try:
            last = found()
        except (httpx.HTTPError, AssertionError) as error:
            last = error
        if last and not isinstance(last, Exception):
            return last
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}; last answer: {last!r}")


def throughline(*arguments: str, **rest: Any) -> subprocess.CompletedProcess[str]:
    """One run of the command."""
    return subprocess.run(
        [sys.executable, "-m", "throughline", *arguments], capture_output=True, text=True, timeout=120, **rest
    )

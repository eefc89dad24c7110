"""Starts the sample systems as processes of their own, introduces them to each other, and ends them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from types import TracebackType
from typing import Self

from sample_flows.serving import TOKEN
from sample_flows.systems import PROCESSES, Endpoints

HOST = "127.0.0.1"
END_SECONDS = 2.5


class CannotStart(Exception):
    """A system could not be started; the message says why and what to do."""


class SystemProcesses:
    """All sample systems, running; use it in a `with` statement. `addresses` says where each of them listens."""

    def __init__(self, endpoints: Endpoints, first_port: int = 0) -> None:
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self.addresses: dict[str, str] = {}
        self.are_wanted = True
        for name in PROCESSES:
            self._processes[name] = _start(name, endpoints, first_port)

    def __enter__(self) -> Self:
        try:
            for name, process in self._processes.items():
                for system, port in _ports(name, process).items():
                    self.addresses[system] = f"http://{HOST}:{port}"
            for process in self._processes.values():
                _tell(process, self.addresses)
        except CannotStart:
            self.end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def ended(self) -> list[str]:
        """The processes that have ended although nobody told them to, with their exit codes."""
        return [
            f"{name} (exit code {process.returncode})"
            for name, process in self._processes.items()
            if self.are_wanted and process.poll() is not None
        ]

    def end(self) -> None:
        """End all, giving each the time to send what it has; those that take too long are killed."""
        self.are_wanted = False
        deadline = time.monotonic() + END_SECONDS
        for process in self._processes.values():
            _hang_up(process)
        for process in self._processes.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()


def _start(name: str, endpoints: Endpoints, first_port: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "sample_flows.serving", name, "--first-port", str(first_port)]
    command += ["--otlp-grpc", endpoints.grpc, "--otlp-http", endpoints.http]
    command += ["--drop", str(endpoints.drop)] if endpoints.drop else []
    environment = {**os.environ, TOKEN: endpoints.token} if endpoints.token else None
    return subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )


def _ports(name: str, process: subprocess.Popen[str]) -> dict[str, int]:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise CannotStart(f"the {name} ended before it was ready; what it said is above")
    answer = json.loads(line)
    if "error" in answer:
        raise CannotStart(f"{answer['error']}; choose another --first-port, or none for any free one")
    return {system: int(port) for system, port in answer["ports"].items()}


def _tell(process: subprocess.Popen[str], addresses: dict[str, str]) -> None:
    if process.stdin:
        process.stdin.write(json.dumps(addresses) + "\n")
        process.stdin.flush()


def _hang_up(process: subprocess.Popen[str]) -> None:
    try:
        if process.stdin:
            process.stdin.close()
    except BrokenPipeError:
        return  # it has ended already

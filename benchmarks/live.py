"""Live figures: from an acknowledged event to its timeline, under 100,000 spans a second of which a tenth is business.

`python -m benchmarks live`. The load comes from a process of its own. Probes are sent beside it: an order with its
delivery, then an event that carries the delivery only; visible is when the timeline shows both. What the correlator
costs is the difference between two runs of the same load, with ticks and without, in CPU time of the whole process: the
engine's threads serve both rooms.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.figure import Figure, quantile
from benchmarks.load import SPANS
from benchmarks.orders import probe
from benchmarks.process import ROOT, Memory, Process

RATE = 100_000
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Run:
    """One run; `visible` are seconds from the second acknowledgement of a probe until its timeline is complete."""

    spans: int
    seconds: float
    cpu_seconds: float
    visible: list[float]
    memory_mb: float
    growth: float
    ticks: int
    events: int


def figures(seconds: float, rate: float = RATE) -> Iterator[Figure]:
    """All of them, each load for that many seconds, at least ten."""
    seconds = max(10.0, seconds)
    with tempfile.TemporaryDirectory(prefix="throughline-bench-") as folder:
        resting = _run(Path(folder) / "resting", "resting", seconds, rate)
        live = _run(Path(folder) / "stitching", "stitching", seconds, rate)
    sent = live.spans / live.seconds
    detail = {"spans_a_second": sent, "ticks": live.ticks, "events": live.events, "probes": len(live.visible)}
    yield Figure("spans a second that were sent and stored", sent, "spans/s", 0.95 * rate, at_least=True, detail=detail)
    yield Figure("business events a second", live.events / live.seconds, "events/s", detail=detail)
    late = quantile(live.visible, 0.99)
    yield Figure("acknowledged to visible in the timeline, p99", late, "s", 2.0, detail={"all": live.visible})
    cores = (live.cpu_seconds - resting.cpu_seconds) / live.seconds
    yield Figure("what the correlator takes", cores, "cores", 1.0, detail={"resting_cpu_s": resting.cpu_seconds})
    yield Figure("memory of collector and correlator, largest", live.memory_mb, "MB")
    yield Figure("memory, last third beside middle", live.growth, "times", 1.1)


def _run(folder: Path, mode: str, seconds: float, rate: float) -> Run:
    folder.mkdir()
    with Process("benchmarks.living", str(folder), mode) as process:
        url = process.ask()["http"]
        _send(url, 2, rate / 4, first=90_000_000, told=folder / "warm.json").wait()
        warm = process.ask("drained")
        before = process.cpu_seconds
        with Memory(process) as memory:
            sender = _send(url, seconds, rate, first=0, told=folder / "sent.json")
            visible = _probed(url, process, sender) if mode == "stitching" else []
            sender.wait()
            sent = json.loads((folder / "sent.json").read_text())
            state = process.ask("drained")
        took = time.monotonic() - sent["began"]
        if sent["refused"]:
            raise RuntimeError(f"{sent['refused']} requests were refused")
        used = process.cpu_seconds - before
        spans = sent["requests"] * SPANS
        events, ticks = state["events"] - warm["events"], state["ticks"] - warm["ticks"]
        return Run(spans, took, used, visible, memory.largest, memory.growth, ticks, events)


def _send(url: str, seconds: float, rate: float, *, first: int, told: Path) -> subprocess.Popen[bytes]:
    """A sender that tells `told` what it did: a pipe nobody reads while it is waited for would hold it up."""
    command = [sys.executable, "-m", "benchmarks.sender", url, "--seconds", str(seconds)]
    command += ["--rate", str(rate / SPANS), "--orders-from", str(first)]
    with told.open("wb") as output:
        return subprocess.Popen(command, stdout=output, cwd=ROOT)


def _probed(url: str, process: Process, sender: subprocess.Popen[bytes]) -> list[float]:
    """Probes one after the other until the sender ends."""
    found = []
    number = 0
    while sender.poll() is None:
        name = f"probe-{number}"
        number += 1
        for body in probe(name):
            _post(url, body)
        acknowledged = time.perf_counter()
        while process.ask(f"timeline order-{name}") < 2:
            time.sleep(_LOOK_SECONDS)
        found.append(time.perf_counter() - acknowledged)
    return found


def _post(url: str, body: bytes) -> None:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 4318)
    connection.request("POST", "/v1/traces", body, {"content-type": "application/x-protobuf"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"a probe was refused with {answer.status}")

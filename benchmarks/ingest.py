"""Figures of the collector: durable throughput beside its limit, latency and visibility at half load, memory, flatness.

A CPU second is user and system time of the measured process only; sender and measured process share the machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, quantile
from benchmarks.load import SPANS
from benchmarks.process import ROOT, Memory, Process
from tests.support.clickhouse_server import ClickHouseServer

TURNS = 3
"""How often full load and limit are measured one after the other."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the load against one process."""

    spans: int
    seconds: float
    cpu_seconds: float
    taken: list[float]
    memory_mb: float
    growth: float
    state: dict[str, Any]

    @property
    def rate(self) -> float:
        """Spans a second."""
        return self.spans / self.seconds

    @property
    def per_cpu_second(self) -> float:
        """Spans a CPU second of the measured process."""
        return self.spans / self.cpu_seconds


def figures(seconds: float) -> Iterator[Figure]:
    """All of them, each load for that many seconds."""
    with tempfile.TemporaryDirectory(prefix="throughline-bench-") as folder:
        root = Path(folder)
        full, reference = yield from _throughput(root, seconds)
        yield from _door(root, seconds, reference)
        yield from _server(root, full, seconds)


def _throughput(root: Path, seconds: float) -> Generator[Figure, None, tuple[Run, float]]:
    """Gives a run of the full load and the limit, rows inserted from a Native file for a CPU second."""
    with _receiving(root / "embedded", "embedded") as process:
        where = process.ask()
        (root / "limit").mkdir()
        with Process("benchmarks.native_limit", str(root / "limit")) as limit:
            full, reference = yield from _share_of_the_limit(process, limit, where["http"], seconds)
        yield Figure("durable throughput, HTTP, 8 connections", full.rate, "spans/s", ratio=1.0)
        grpc = load(where["grpc"], process, seconds, "over gRPC, as much as goes", protocol="grpc")
        yield Figure("durable throughput, gRPC, 8 connections", grpc.rate, "spans/s", ratio=grpc.rate / full.rate)
        small = load(where["http"], process, seconds, "in requests of 64 spans", spans=64)
        yield Figure(
            "cost of a span in requests of 64 beside requests of 512",
            full.per_cpu_second / small.per_cpu_second,
            "times",
            ratio=full.per_cpu_second / small.per_cpu_second,
        )
        yield from _half_load(root, where["http"], process, full, seconds)
        yield from _flat(where["http"], process, full, seconds)
    return full, reference


def _share_of_the_limit(
    process: Process, limit: Process, url: str, seconds: float
) -> Generator[Figure, None, tuple[Run, float]]:
    """Full load and limit take turns: the speed of a shared machine drifts by a third within minutes."""
    warm = load(url, process, 3, "to warm up", at_rest=True)
    parts = warm.state["parts"]
    _limit(limit, warm.spans, parts)
    runs, limits = [], []
    for _ in range(TURNS):
        runs.append(load(url, process, seconds, "over HTTP, as much as goes", at_rest=True))
        inserts, parts = runs[-1].state["parts"] - parts, runs[-1].state["parts"]
        limits.append(_limit(limit, runs[-1].spans, inserts))
    full = sum(run.spans for run in runs) / sum(run.cpu_seconds for run in runs)
    reference = sum(each["spans"] for each in limits) / sum(each["cpu_seconds"] for each in limits)
    turns = [
        {"full": run.per_cpu_second, "limit": each["spans"] / each["cpu_seconds"], "parts": run.state["parts"]}
        for run, each in zip(runs, limits, strict=True)
    ]
    yield Figure(
        "limit: native insert and its merges, per CPU second",
        reference,
        "spans/CPU-s",
        ratio=1.0,
        detail={"turns": turns},
    )
    share = full / reference
    yield Figure(
        "durable throughput per CPU second, share of the limit",
        share,
        "",
        0.6,
        at_least=True,
        ratio=share,
        detail={"spans_per_cpu_second": full},
    )
    return runs[-1], reference


def _half_load(root: Path, url: str, process: Process, full: Run, seconds: float) -> Iterator[Figure]:
    process.ask("settled")
    sync = _sync_seconds(root)
    half = load(url, process, seconds, "at half of that rate", rate=full.rate / SPANS / 2)
    late = _ms(half.taken, 0.99)
    yield Figure("one write and fdatasync of 1 MB, p99", sync * 1000, "ms", ratio=1.0)
    yield _at_most("acknowledgement at half load, p99", late, "ms", 50 + sync * 1000, p50=_ms(half.taken, 0.5))
    yield _at_most("rows visible at half load, p99", half.state["visible_p99"], "s", 1.0)
    yield _at_most("memory of the embedded collector, largest", max(full.memory_mb, half.memory_mb), "MB", 1500)
    yield Figure("memory under full load, last third beside middle", full.growth, "times", 1.1, ratio=full.growth)


def _flat(url: str, process: Process, first: Run, seconds: float) -> Iterator[Figure]:
    while (stored := process.ask("drained")["rows"]) < 40 * seconds * 10_000:
        load(url, process, seconds, f"to fill the table, {stored / 1e6:.1f} million rows so far")
    later = load(url, process, seconds, "over a table that is full", at_rest=True)
    ratio = first.per_cpu_second / later.per_cpu_second
    yield Figure(f"cost of a span over {stored / 1e6:.1f} million rows beside none", ratio, "times", 1.25, ratio=ratio)


def _door(root: Path, seconds: float, reference: float) -> Iterator[Figure]:
    """Beside the limit of the same run: how fast a machine is differs by half between one hour and the next."""
    with _receiving(root / "door", "none") as process:
        where = process.ask()
        load(where["http"], process, 2, "to warm up")
        for protocol in ("http", "grpc"):
            os.sync()  # what was written before is written back in the kernel's time, on the same cores
            run = load(where[protocol], process, seconds, f"over {protocol} into the spool alone", protocol=protocol)
            micros = 1e6 / run.per_cpu_second
            yield _at_most(f"Python side of a span, {protocol}: socket to spool", micros, "µs", 3.0)
            share = micros * reference / 1e6
            yield Figure(f"that beside a native insert of the span, {protocol}", share, "times", ratio=share)


def _server(root: Path, embedded: Run, seconds: float) -> Iterator[Figure]:
    (root / "server").mkdir()
    server = ClickHouseServer(root / "server")
    try:
        with _receiving(root / "role", "server", server.url) as process:
            where = process.ask()
            run = load(where["http"], process, seconds, "over a server")
            yield Figure("durable throughput over a server, HTTP", run.rate, "spans/s", ratio=run.rate / embedded.rate)
            yield _at_most("memory of the collector over a server, largest", run.memory_mb, "MB", 250)
    finally:
        server.kill()


def _at_most(name: str, value: float, unit: str, bound: float, **detail: float) -> Figure:
    """A figure with its bound, and its ratio to that."""
    return Figure(name, value, unit, bound, ratio=value / bound, detail=detail)


def load(
    url: str,
    process: Process,
    seconds: float,
    what: str,
    *,
    protocol: str = "http",
    rate: float | None = None,
    spans: int = SPANS,
    at_rest: bool = False,
) -> Run:
    """Send from a process of its own, wait until all of it is stored, and say what it took; `what` is for people.

    With `at_rest` it begins when nothing of the work before is left to merge, and its CPU seconds hold its own merges.
    """
    if at_rest:
        process.ask("settled")
    print(f"  {time.strftime('%H:%M:%S')} a load {what}, {seconds:g} s", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "benchmarks.sender", url, "--protocol", protocol, "--seconds", str(seconds)]
    command += ["--spans", str(spans), *(["--rate", str(rate)] if rate else [])]
    before, since = process.cpu_seconds, time.time()
    with Memory(process) as memory:
        sender = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert sender.stdout is not None
        sent = json.loads(sender.stdout.read())
        sender.wait()
        state = process.ask(f"drained {since}")
    if sent["refused"]:
        raise RuntimeError(f"{sent['refused']} requests were refused")
    took = time.monotonic() - sent["began"]
    if at_rest:
        process.ask("settled")
    used = process.cpu_seconds - before
    return Run(sent["requests"] * spans, took, used, sent["taken"], memory.largest, memory.growth, state)


def _receiving(folder: Path, *mode: str) -> Process:
    folder.mkdir(parents=True, exist_ok=True)
    return Process("benchmarks.receiving", str(folder), *mode)


def _ms(seconds: list[float], share: float) -> float:
    return quantile(seconds, share) * 1000


def _limit(limit: Process, spans: int, inserts: float) -> dict[str, float]:
    """As many inserts of as many rows as a load has led to: so much is to be merged by both."""
    print(f"  {time.strftime('%H:%M:%S')} the limit: {inserts:g} inserts of decoded rows", file=sys.stderr, flush=True)
    answer: dict[str, float] = limit.ask(f"{spans // int(inserts)} {int(inserts)}")
    return answer


def _sync_seconds(folder: Path) -> float:
    """What writing and syncing 1 MB takes here, p99 of 100."""
    taken = []
    data = os.urandom(1 << 20)
    file = os.open(folder / "sync", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        for _ in range(100):
            began = time.perf_counter()
            os.write(file, data)
            os.fdatasync(file)
            taken.append(time.perf_counter() - began)
    finally:
        os.close(file)
    return quantile(taken, 0.99)

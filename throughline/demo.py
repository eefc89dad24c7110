"""`throughline demo`: the platform with the sample catalog, and the sample systems as processes beside it.

The sample systems are told addresses and nothing else: they talk to the platform over the wire, as a customer's do.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import click

from throughline.logs import configure
from throughline.platform import serve
from throughline.settings import Settings


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """What the sample systems do: `duration` seconds (None: until Ctrl-C), `orders` over `history_days` days back."""

    duration: float | None
    history_days: int
    orders: int
    seed: int


def run_demo(settings: Settings, sample: DemoSettings, *, log_level: str) -> None:
    """Run both until Ctrl-C or the duration is over."""
    data_dir = settings.store.data_dir
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    log_file = data_dir / "throughline.log"
    configure(log_level, log_file)
    settings = replace(settings, catalog=Path(str(files("sample_flows") / "catalog")))
    asyncio.run(_run(settings, sample, log_file))


async def _run(settings: Settings, sample: DemoSettings, log_file: Path) -> None:
    stop = asyncio.Event()
    systems: list[subprocess.Popen[bytes]] = []

    def ready(used: Settings) -> None:
        click.echo(welcome(used, log_file))
        systems.append(_start_systems(used, sample))
        watch.append(asyncio.get_running_loop().create_task(_watch(systems[0], stop)))

    watch: list[asyncio.Task[None]] = []
    try:
        await serve(settings, announce=ready, stop=stop, before_stop=lambda: _end(systems))
    finally:
        for task in watch:
            task.cancel()
        await asyncio.to_thread(_end, systems)
    click.echo("The demo has stopped; its data stays, and the next start carries on.")


def welcome(settings: Settings, log_file: Path) -> str:
    """What a newcomer reads first: where to look, and what at."""
    url = settings.base_url
    return "\n".join(
        [
            "",
            f"Throughline is ready: {url}",
            "",
            f"  Operations  {url}/  which promises are broken or about to be; click one to see its order",
            f"  On-call     {url}/alerts  what was told to whom; the same lines are in {log_file}",
            f"  Auditors    {url}/workflows/order_to_cash  any order, delivery or invoice number; every event on one timeline",
            "",
            f"OTLP/gRPC {settings.host}:{settings.otlp_grpc_port}, "
            f"OTLP/HTTP and CloudEvents http://{settings.host}:{settings.otlp_http_port}. Ctrl-C stops everything.",
            "",
        ]
    )


def _start_systems(settings: Settings, sample: DemoSettings) -> subprocess.Popen[bytes]:
    command = [
        *(sys.executable, "-m", "sample_flows"),
        *("--otlp-grpc", f"{settings.host}:{settings.otlp_grpc_port}"),
        *("--otlp-http", f"http://{settings.host}:{settings.otlp_http_port}"),
        *("--history-days", str(sample.history_days)),
        *("--orders", str(sample.orders)),
        *("--seed", str(sample.seed)),
        *("--state-file", str(settings.store.data_dir / "sample_flows.json")),
    ]
    if sample.duration is not None:
        command += ["--duration", str(sample.duration)]
    return subprocess.Popen(command, start_new_session=True)  # noqa: S603 - our own module, our own arguments


async def _watch(systems: subprocess.Popen[bytes], stop: asyncio.Event) -> None:
    while systems.poll() is None:
        await asyncio.sleep(0.2)
    if systems.returncode and not stop.is_set():
        click.echo(f"The sample systems ended with exit status {systems.returncode}.", err=True)
    stop.set()


def _end(systems: list[subprocess.Popen[bytes]]) -> None:
    for each in systems:
        if each.poll() is None:
            each.send_signal(signal.SIGTERM)
            try:
                each.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(each.pid, signal.SIGKILL)
                each.wait()

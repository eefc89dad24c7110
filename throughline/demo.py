"""`throughline demo`: the platform with the sample catalog, and the sample systems as processes beside it.

The sample systems are told addresses and nothing else: they talk to the platform over the wire, as a customer's do.
"""

from __future__ import annotations

import asyncio
import os
import signal
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
    systems = SampleSystems(sample)
    tasks: list[asyncio.Task[None]] = []

    def ready(used: Settings) -> None:
        click.echo(welcome(used, log_file))
        tasks.append(asyncio.create_task(systems.run(used, stop)))

    try:
        await serve(settings, announce=ready, stop=stop, before_stop=systems.end)
    finally:
        await systems.end()
    await asyncio.gather(*tasks)
    click.echo("The demo has stopped; its data stays, and the next start carries on.")


def welcome(settings: Settings, log_file: Path) -> str:
    """What a newcomer reads first: where to look, and what at."""
    url = settings.base_url
    otlp = f"http://{settings.host}:{settings.otlp_http_port}"
    return "\n".join(
        [
            "",
            f"Throughline is ready: {url}",
            "",
            f"  Operations  {url}/  which promises are broken or about to be; click one to see its order",
            f"  On-call     {url}/alerts  what was told to whom; the same lines are in {log_file}",
            f"  Auditors    {url}/workflows/order_to_cash  find an order, delivery or invoice; all that happened to it",
            "",
            f"OTLP/gRPC {settings.host}:{settings.otlp_grpc_port}, OTLP/HTTP and CloudEvents {otlp}. Ctrl-C stops all.",
            "",
        ]
    )


class SampleSystems:
    """The process that runs the sample systems; `end` may be called at any time and more than once."""

    def __init__(self, sample: DemoSettings) -> None:
        self._sample = sample
        self._process: asyncio.subprocess.Process | None = None

    async def run(self, settings: Settings, stop: asyncio.Event) -> None:
        """Start them, wait until they end, and set `stop` then."""
        self._process = await asyncio.create_subprocess_exec(*_command(settings, self._sample), start_new_session=True)
        status = await self._process.wait()
        if status and not stop.is_set():
            click.echo(f"The sample systems ended with exit status {status}.", err=True)
        stop.set()

    async def end(self) -> None:
        """Ask them to end; after ten seconds, end them and all their children."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def _command(settings: Settings, sample: DemoSettings) -> list[str]:
    command = [
        *(sys.executable, "-m", "sample_flows", "--end-with-parent"),
        *("--otlp-grpc", f"{settings.host}:{settings.otlp_grpc_port}"),
        *("--otlp-http", f"http://{settings.host}:{settings.otlp_http_port}"),
        *("--history-days", str(sample.history_days)),
        *("--orders", str(sample.orders)),
        *("--seed", str(sample.seed)),
        *("--state-file", str(settings.store.data_dir / "sample_flows.json")),
    ]
    return command if sample.duration is None else [*command, "--duration", str(sample.duration)]

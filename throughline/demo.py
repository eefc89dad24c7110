"""`throughline demo`: the platform with the sample catalog, and the sample systems as processes beside it.

The sample systems are told addresses and nothing else: they talk to the platform over the wire, as a customer's do. The
folder is named to them only for the job that imports the bank's statements with `throughline import`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import click

from model import Refused
from throughline.logs import configure
from throughline.settings import Settings

PAGE_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """What the sample systems do: `duration` seconds (None: until Ctrl-C), `orders` over `history_days` days back.

    `speed` is how many times as fast as life the live traffic runs until it has caught up with the present.
    `verify` ends the demo with the comparison of all findings with the truth; without a duration there is no live
    traffic then. `page_port` is that of the page that switches faults.
    """

    duration: float | None
    history_days: int
    orders: int
    seed: int
    page_port: int
    speed: float
    faults: tuple[str, ...] = ()
    verify: bool = False


def run_demo(settings: Settings, sample: DemoSettings, *, log_level: str) -> int:
    """Run both until Ctrl-C, the duration is over or the comparison is made; returns the exit status."""
    if settings.tokens_file is not None or settings.tokens is not None:
        raise Refused(
            "The demo is open to this machine, and its sample systems have no token: "
            "leave THROUGHLINE_TOKENS_FILE and THROUGHLINE_TOKENS out."
        )
    data_dir = settings.store.data_dir
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    log_file = data_dir / "throughline.log"
    configure(log_level, log_file)
    settings = replace(settings, catalog=Path(str(files("sample_flows") / "catalog")))
    sample = replace(sample, page_port=_free_port(sample.page_port))
    return asyncio.run(_run(settings, sample, log_file))


async def _run(settings: Settings, sample: DemoSettings, log_file: Path) -> int:
    # Here: what is refused before need not wait for all of the platform to be loaded.
    from throughline.platform import serve

    stop = asyncio.Event()
    systems = SampleSystems(sample)
    tasks: list[asyncio.Task[None]] = []

    def ready(used: Settings) -> None:
        click.echo(welcome(used, sample, log_file))
        tasks.append(asyncio.create_task(systems.run(used, stop)))

    try:
        await serve(settings, announce=ready, stop=stop, before_stop=systems.end)
    finally:
        await systems.end()
    await asyncio.gather(*tasks)
    click.echo("The demo has stopped; its data stays, and the next start carries on.")
    return systems.status


def welcome(settings: Settings, sample: DemoSettings, log_file: Path) -> str:
    """What a newcomer reads first: where to look, and what at."""
    return "\n".join(
        [
            "",
            f"Throughline is ready: {settings.base_url}",
            "",
            f"  {sample.orders:,} orders of the last {sample.history_days} days are on their way in, with the stock,",
            f"  purchases and master data around them; then new ones come, {sample.speed:g} times as fast as in life.",
            f"  Break something: http://{PAGE_HOST}:{sample.page_port} switches twelve faults on and off.",
            "",
            f"OTLP/gRPC {settings.otlp_grpc}, OTLP/HTTP and CloudEvents {settings.otlp_http}.",
            f"Alerts go to {log_file}. Ctrl-C stops all.",
            "",
        ]
    )


class SampleSystems:
    """The process that runs the sample systems; `end` may be called at any time and more than once."""

    def __init__(self, sample: DemoSettings) -> None:
        self._sample = sample
        self._process: asyncio.subprocess.Process | None = None
        self.status = 0

    async def run(self, settings: Settings, stop: asyncio.Event) -> None:
        """Start them, wait until they end, and set `stop` then; `status` is 1 unless they ended well."""
        self._process = await asyncio.create_subprocess_exec(*_command(settings, self._sample), start_new_session=True)
        status = await self._process.wait()
        if status and not stop.is_set():
            self.status = 1
            if not self._sample.verify:
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
    data_dir = settings.store.data_dir
    command = [
        *(sys.executable, "-m", "sample_flows", "--end-with-parent"),
        *("--otlp-grpc", settings.otlp_grpc),
        *("--otlp-http", settings.otlp_http),
        *("--history-days", str(sample.history_days)),
        *("--orders", str(sample.orders)),
        *("--seed", str(sample.seed)),
        *("--speed", str(sample.speed)),
        *("--state-file", str(data_dir / "sample_flows.json")),
        *("--truth", str(data_dir / "sample_flows.truth.jsonl")),
        *("--import-into", str(data_dir)),
        *("--page-port", str(sample.page_port)),
        *("--dashboard", settings.base_url),
    ]
    if sample.faults:
        command += ["--fault", ",".join(sample.faults)]
    if sample.verify:
        command += ["--verify", f"http://{settings.host}:{settings.http_port}"]
    return command if sample.duration is None else [*command, "--duration", str(sample.duration)]


def _free_port(port: int) -> int:
    """That port; any free one for 0. Raises `Refused` where it is in use."""
    with socket.socket() as found:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((PAGE_HOST, port))
        except OSError as error:
            raise Refused(
                f"Cannot listen on {PAGE_HOST}:{port}: {error.strerror}. Choose another with --page-port."
            ) from error
        return int(found.getsockname()[1])

"""One process of the platform: opens, wires, serves, and stops in the reverse order.

1. What can be refused is refused before anything is started: roles, addresses, catalog, ports, the folder's lock.
2. Receivers open last and close first: nothing is accepted that nobody would store, and on the way out the spool is
   drained into ClickHouse as far as it goes in a bounded time; what is left is there for the next start.
3. Ctrl-C and SIGTERM set one event; a second one ends at once.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import click
import uvicorn
from starlette.types import ASGIApp

from alerting import Alerting, AlertReader
from collector import Collector, Counters, IntakeLimits, Tls, apply_retention, impatient
from correlator import Correlator, InstanceReader
from dashboard import Services, create_app, create_operations
from model import Access, Refused, SystemClock, access_from_text, load_access, load_catalog
from sla_engine import SlaEngine, VerdictReader, keeps_leases
from store import FolderLock, Store
from throughline.admin import create_admin
from throughline.answers import Answers
from throughline.control import Control
from throughline.engine import Catalogs, Engine
from throughline.given import GivenCatalog
from throughline.ingest import CatalogRedactions, secret_of
from throughline.logs import configure
from throughline.metrics import metrics_text
from throughline.open_files import connections_within
from throughline.settings import Settings
from throughline.standby import Holding, opened
from throughline.tables import migrate_all, open_store

log = logging.getLogger(__name__)

Announce = Callable[["Settings"], None]


def run(settings: Settings, *, log_level: str = "info", log_file: Path | None = None) -> None:
    """Run until Ctrl-C or SIGTERM; prints one line when ready. Raises our own errors before that line."""
    configure(log_level, log_file)
    asyncio.run(serve(settings, announce=_announce))


async def serve(
    settings: Settings,
    *,
    announce: Announce,
    stop: asyncio.Event | None = None,
    before_stop: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Start, call `announce` with the addresses really used, wait for `stop` or a signal, and stop.

    `before_stop` runs while everything still answers, so that whoever sends to us can end in peace.
    """
    stop = stop or asyncio.Event()
    _stop_on_signals(stop)
    catalog = load_catalog(settings.catalog) if settings.catalog else None
    access = access_given(settings.tokens, settings.tokens_file)
    tls = settings.ingest.tls()
    clock = SystemClock()
    data_dir = settings.store.data_dir
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with AsyncExitStack() as stack:
        # Who stands by may be given the ports of the process it waits for.
        listening = None if settings.standby else stack.enter_context(_pages(settings))
        held = await _held(stack, settings, stop)
        if held is None:
            return
        store, holding = held
        http = listening or stack.enter_context(_pages(settings))
        settings = replace(settings, http_port=http.getsockname()[1])
        catalogs = Catalogs(store, GivenCatalog(store, catalog, access, clock) if catalog is not None else None)
        catalogs.refresh()
        redactions = CatalogRedactions(catalogs.active, settings.ingest)

        roles = set(settings.roles)
        collector: Collector | None = None

        def is_arriving(tenant: str) -> bool:
            return collector.spool.is_behind(tenant) if collector else "collector" in roles

        alerting = (
            Alerting(store, clock, settings.base_url, before_send=holding.checks("alerting"))
            if "alerting" in roles
            else None
        )
        engine = Engine(
            clock,
            catalogs,
            correlator=Correlator(store, clock) if "correlator" in roles else None,
            sla_engine=SlaEngine(store, clock, before_append=holding.checks("sla_engine"))
            if "sla_engine" in roles
            else None,
            alerting=alerting,
            tick_seconds=settings.tick_seconds,
            holding=holding,
            is_arriving=is_arriving,
        )
        if alerting is not None:
            alerting.start()
            stack.callback(alerting.stop)
        engine.start()
        stack.push_async_callback(asyncio.to_thread, engine.stop)

        limits = settings.ingest.limits
        intake = replace(limits.intake, connections=connections_within(limits.intake.connections))
        if "collector" in roles:
            collector = Collector(
                store,
                data_dir,
                access=access,
                clock=clock,
                host=settings.host,
                grpc_port=settings.otlp_grpc_port,
                http_port=settings.otlp_http_port,
                on_commit=engine.segments_committed,
                limits=replace(limits, intake=intake),
                redactions=redactions,
                takes_tenant=catalogs.covers,
                tls=tls,
                spool_secret=secret_of(settings.ingest.spool_key_file),
                accept_foreign_rows=settings.ingest.accept_foreign_rows,
            )
            apply_retention(store, limits.writer.received_days)
            await collector.start()
            stack.push_async_callback(collector.stop)
            settings = replace(settings, otlp_grpc_port=collector.grpc_port, otlp_http_port=collector.http_port)

        def checks() -> list[tuple[str, bool, str]]:
            return readiness(store, collector)

        services = Services(
            store=store,
            clock=clock,
            catalog=catalogs.active,
            access=access,
            instances=InstanceReader(store),
            verdicts=VerdictReader(store),
            alerts=AlertReader(store, settings.base_url),
            readiness=checks,
            metrics=lambda: metrics_text(store, collector, engine),
            base_url=settings.base_url,
            collector=collector,
        )
        create = create_app if "dashboard" in roles else create_operations
        await _served(stack, create(services), http, intake, tls)

        admin = stack.enter_context(_listening("127.0.0.1", 0, "the admin port"))
        control = Control(
            pid=os.getpid(),
            admin=f"http://127.0.0.1:{admin.getsockname()[1]}",
            token=secrets.token_urlsafe(32),
            http=settings.base_url,
            otlp_grpc=settings.otlp_grpc,
            otlp_http=settings.otlp_http,
        )
        answers = Answers(stop)
        stack.push_async_callback(answers.ended)
        app = create_admin(control, settings, store, catalogs, engine, collector, redactions, answers)
        await _served(stack, app, admin, intake)
        stack.callback(Control.remove, data_dir)
        control.write(data_dir)
        announce(settings)
        await stop.wait()
        log.info("stopping")
        if before_stop is not None:
            await before_stop()


def access_given(tokens: str | None, tokens_file: Path | None) -> Access:
    """Who may come in. Open only where neither is given at all.

    A file without tokens lets nobody in until somebody puts one in; text without any stays as it is, and is refused.
    """
    if tokens is None:
        return load_access(tokens_file)
    found = access_from_text(tokens)
    if not found.entries:
        raise Refused("THROUGHLINE_TOKENS lists no token: nobody could come in.")
    return found


async def _held(stack: AsyncExitStack, settings: Settings, stop: asyncio.Event) -> tuple[Store, Holding] | None:
    """The store with the right to tick over it, given back when the stack ends; None where `stop` came before."""
    if settings.store.clickhouse_url:
        lock = await opened(lambda: FolderLock(settings.store.data_dir), standby=settings.standby, stop=stop)
        if lock is None:
            return None
        stack.callback(lock.release)
    store = await opened(lambda: open_store(settings.store), standby=settings.standby, stop=stop)
    if store is None:
        return None
    stack.callback(store.close)
    # Who may not run here changes no table either: the holder is at work with them as they are. Only a store that is
    # new has no leases to ask for, and nobody in it.
    if not await asyncio.to_thread(keeps_leases, store):
        await asyncio.to_thread(migrate_all, store)
    holding = Holding(store, settings.roles, settings.store.data_dir)
    if not await holding.take(standby=settings.standby, stop=stop):
        return None
    stack.push_async_callback(asyncio.to_thread, holding.release)
    await asyncio.to_thread(migrate_all, store, held=settings.roles)
    return store, holding


def _pages(settings: Settings) -> AbstractContextManager[socket.socket]:
    return _listening(settings.host, settings.http_port, "--http-port")


def readiness(store: Store, collector: Collector | None) -> list[tuple[str, bool, str]]:
    """What `/readyz` asks: (name, whether it is well, a word for people)."""
    try:
        store.value("SELECT 1")
        found = [("store", True, "answers")]
    except Exception as error:  # noqa: BLE001 - whatever is wrong with the store, the answer is "not ready"
        found = [("store", False, str(error))]
    if collector is not None:
        well = collector.ready()
        found.append(("spool", well, "takes requests" if well else "cannot be written, or is full"))
        if collector.writer is not None:
            waiting = collector.writer.waiting
            found.append(("writer", True, "segments wait: see `throughline status`" if waiting else "keeps up"))
    return found


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to us: three servers share this process."""
        yield


async def _served(
    stack: AsyncExitStack, app: ASGIApp, listening: socket.socket, limits: IntakeLimits, tls: Tls | None = None
) -> None:
    server = _Server(
        uvicorn.Config(
            app,
            # Anybody may connect: who only does that must not take the files that the collector writes into.
            http=impatient(limits.header_seconds, limits.header_bytes, Counters()),
            limit_concurrency=limits.connections + 1,  # the one that is told so is counted as well
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=3,
            server_header=False,
            ssl_context_factory=(lambda *_: tls.context()) if tls else None,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listening]))

    async def stop() -> None:
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await task

    stack.push_async_callback(stop)
    while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has no event to wait for
        await asyncio.sleep(0.01)
    if task.done():
        task.result()


@contextmanager
def _listening(host: str, port: int, option: str) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as found:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((host, port))
            found.listen(512)
        except OSError as error:
            raise Refused(f"Cannot listen on {host}:{port}: {error.strerror}. Choose another with {option}.") from error
        yield found


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def on_signal(number: signal.Signals) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal, number)


def _announce(settings: Settings) -> None:
    pages = "dashboard and API" if "dashboard" in settings.roles else "readiness and metrics"
    taken = f", OTLP/gRPC {settings.otlp_grpc}, OTLP/HTTP and CloudEvents {settings.otlp_http}"
    click.echo(f"Throughline is ready: {pages} {settings.base_url}{taken if 'collector' in settings.roles else ''}")

"""The command line of the sample systems: past weeks once, then live traffic until it is ended."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

from sample_flows.history import send_history
from sample_flows.live import LiveTraffic
from sample_flows.patience import can_connect
from sample_flows.plan import order_history
from sample_flows.processes import CannotStart, SystemProcesses
from sample_flows.state import StateFile, StateMismatch
from sample_flows.systems import Endpoints
from sample_flows.truth import TruthFile
from sample_flows.web import HttpTransport


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; returns the exit code."""
    wanted = _parser().parse_args(arguments)
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if wanted.end_with_parent:
        Thread(target=_watch_parent, args=(os.getppid(), stop), daemon=True).start()
    truth = TruthFile(wanted.truth)
    try:
        return _run(wanted, truth, stop)
    except (CannotStart, StateMismatch) as refused:
        _say(str(refused))
        return 1
    finally:
        truth.close()


def _run(wanted: argparse.Namespace, truth: TruthFile, stop: Event) -> int:
    file = StateFile(wanted.state_file)
    state = file.load(wanted.seed, wanted.orders, wanted.history_days, datetime.now(UTC))
    endpoints = Endpoints(wanted.otlp_grpc, wanted.otlp_http)
    if not _wait_for_platform(endpoints, stop):
        return 0
    history_until = datetime.fromisoformat(state.history_until)
    history = order_history(state.seed, state.orders, history_until, state.days)
    if not state.history_sent:
        file.save(state)
        if not send_history(history, history_until, endpoints, truth, _say, stop):
            return 0
        state.history_sent = True
        file.save(state)
    with SystemProcesses(endpoints, wanted.first_port) as systems:
        Thread(target=_watch_systems, args=(systems, stop), daemon=True).start()
        where = ", ".join(f"{name} {address}" for name, address in systems.addresses.items())
        _say(f"live: {wanted.rate:g} orders a minute; {where}")
        until = datetime.now(UTC) + timedelta(seconds=wanted.duration) if wanted.duration else None
        traffic = LiveTraffic(HttpTransport(systems.addresses), state, truth, _say)
        traffic.resume(history)
        traffic.run(wanted.rate, until, file, stop)
        lost = systems.ended()
        stop.set()
    return 1 if lost else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sample_flows",
        description="Six sample systems that report their orders to a platform over OTLP and CloudEvents.",
    )
    parser.add_argument("--otlp-grpc", default="127.0.0.1:4317", metavar="HOST:PORT", help="default %(default)s")
    parser.add_argument("--otlp-http", default="http://127.0.0.1:4318", metavar="URL", help="default %(default)s")
    parser.add_argument("--history-days", type=_positive, default=30, metavar="DAYS", help="default %(default)s")
    parser.add_argument(
        "--orders", type=_count, default=5000, help="orders in the history; default %(default)s, 0 for none"
    )
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same orders; default %(default)s")
    parser.add_argument("--rate", type=_not_negative, default=12, help="new live orders a minute; default %(default)s")
    parser.add_argument(
        "--duration", type=_positive, metavar="SECONDS", help="of the live traffic; without it, until ended"
    )
    parser.add_argument(
        "--state-file", type=Path, help="remembers that history was sent; without it, history is sent at every start"
    )
    parser.add_argument("--truth", type=Path, help="append what really happened to this file, one JSON line per order")
    parser.add_argument(
        "--first-port", type=int, default=0, help="of six in a row for the systems; default any free ones"
    )
    parser.add_argument(
        "--end-with-parent", action="store_true", help="end when the process that started this one ends"
    )
    return parser


def _positive(text: str) -> float:
    if (number := _not_negative(text)) > 0:
        return number
    raise argparse.ArgumentTypeError("must be more than 0")


def _not_negative(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if 0 <= number < float("inf"):
        return number
    raise argparse.ArgumentTypeError(f"must be a number from 0, not {text!r}")


def _count(text: str) -> int:
    if text.isdecimal():
        return int(text)
    raise argparse.ArgumentTypeError(f"must be a whole number from 0, not {text!r}")


def _wait_for_platform(endpoints: Endpoints, stop: Event) -> bool:
    """Wait until both doors of the platform are open; False when `stop` was set before."""
    told = False
    while not (can_connect(endpoints.grpc) and can_connect(endpoints.http)):
        if not told:
            _say(f"no platform at {endpoints.grpc} and {endpoints.http} yet; waiting for it (throughline up)")
            told = True
        if stop.wait(0.5):
            return False
    return not stop.is_set()


def _watch_parent(parent: int, stop: Event) -> None:
    while not stop.wait(0.5):
        if os.getppid() != parent:
            stop.set()


def _watch_systems(systems: SystemProcesses, stop: Event) -> None:
    while not stop.wait(0.5):
        if lost := systems.ended():
            _say(f"ended unexpectedly: {', '.join(lost)}; ending the others")
            stop.set()


def _say(text: str) -> None:
    sys.stderr.write(f"sample systems: {text}\n")
    sys.stderr.flush()

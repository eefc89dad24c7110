"""The command line of the sample systems: past weeks once, then live traffic until it is ended, then the comparison."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

from sample_flows.api import NoAnswer, PlatformApi
from sample_flows.case import Case
from sample_flows.control import ControlPage
from sample_flows.crowd import not_over, send_history
from sample_flows.faults import FAULTS, UnknownFault, named
from sample_flows.history import History
from sample_flows.live import LiveTraffic
from sample_flows.pacing import FASTEST, ORDERS_A_MINUTE, SPEED
from sample_flows.patience import can_connect
from sample_flows.plans import PROCESSES
from sample_flows.processes import CannotStart, SystemProcesses
from sample_flows.serving import TOKEN
from sample_flows.state import State, StateFile, StateMismatch
from sample_flows.statement import Importer
from sample_flows.systems import Endpoints
from sample_flows.tour import Tour
from sample_flows.truth import TruthFile, read_truth
from sample_flows.verify import table, verify
from sample_flows.web import HttpTransport


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; returns the exit code: 1 where something could not be done, or the comparison shows a difference."""
    wanted = _parser().parse_args(arguments)
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if wanted.end_with_parent:
        Thread(target=_watch_parent, args=(os.getppid(), stop), daemon=True).start()
    truth = TruthFile(wanted.truth)
    try:
        status = _run(wanted, truth, stop)
    except (CannotStart, StateMismatch) as refused:
        _say(str(refused))
        status = 1
    finally:
        truth.close()
    if status or not wanted.verify or stop.is_set():
        return status
    return _verify(wanted, stop)


def _run(wanted: argparse.Namespace, truth: TruthFile, stop: Event) -> int:
    file = StateFile(wanted.state_file)
    state = file.load(wanted.seed, wanted.orders, wanted.history_days, wanted.fault, datetime.now(UTC))
    importer = None
    if wanted.import_into:
        importer = Importer(wanted.import_into, wanted.tenant, _say)
    drop = wanted.import_into / "statements" if wanted.import_into else None
    endpoints = Endpoints(wanted.otlp_grpc, wanted.otlp_http, os.environ.get(TOKEN), drop)
    if not _wait_for_platform(endpoints, stop):
        return 0
    until = datetime.fromisoformat(state.history_until)
    about = (state.seed, state.orders, until, state.days, wanted.workflow, state.faults)
    history, tour = History(*about, has_files=importer is not None), Tour()
    if not state.history_sent:
        file.save(state)
        sent = send_history(history, endpoints, truth, _say, stop, importer, tour)
        if sent is None:
            return 0
        under_way, state.history_sent = sent, True
        file.save(state)
    else:
        under_way = not_over(history, tour)
    if wanted.dashboard:
        sys.stdout.write(tour.text(wanted.dashboard))
        sys.stdout.flush()
    if wanted.no_live or (wanted.verify and not wanted.duration):
        return 0
    return _live(wanted, endpoints, state, file, truth, importer, under_way, stop)


def _live(
    wanted: argparse.Namespace,
    endpoints: Endpoints,
    state: State,
    file: StateFile,
    truth: TruthFile,
    importer: Importer | None,
    under_way: list[Case],
    stop: Event,
) -> int:
    with ExitStack() as stack:
        systems = stack.enter_context(SystemProcesses(endpoints, wanted.first_port))
        Thread(target=_watch_systems, args=(systems, stop), daemon=True).start()
        where = ", ".join(f"{name} {address}" for name, address in systems.addresses.items())
        rate = wanted.speed * ORDERS_A_MINUTE if wanted.rate is None else wanted.rate
        _say(f"live at {wanted.speed:g} times the speed of life: {rate:g} orders a minute; {where}")
        until = datetime.now(UTC) + timedelta(seconds=wanted.duration) if wanted.duration else None
        traffic = LiveTraffic(
            HttpTransport(systems.addresses),
            state,
            truth,
            _say,
            faults=wanted.fault,
            speed=wanted.speed,
            workflows=wanted.workflow,
            importer=importer,
        )
        if wanted.page_port is not None:
            page = stack.enter_context(ControlPage(traffic, wanted.page_port))
            _say(f"faults on demand: {page.address}")
        traffic.resume(under_way)
        traffic.run(rate, until, file, stop)
        lost = systems.ended()
        if lost:
            stop.set()
    return 1 if lost else 0


def _verify(wanted: argparse.Namespace, stop: Event) -> int:
    api = PlatformApi(wanted.verify, os.environ.get(TOKEN))
    try:
        result = verify(read_truth(wanted.truth), wanted.workflow, api, _say, stop)
    except NoAnswer as gone:
        _say(f"the platform's findings cannot be read: {gone}")
        return 1
    sys.stdout.write(table(result) + "\n")
    return 0 if all(each.is_perfect for each in result) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sample_flows",
        description="Twelve sample systems that report what happens in them to a platform: OTLP, CloudEvents, files. "
        f"A token, where the platform asks for one, is taken from {TOKEN}.",
    )
    parser.add_argument("--otlp-grpc", default="127.0.0.1:4317", metavar="HOST:PORT", help="default %(default)s")
    parser.add_argument("--otlp-http", default="http://127.0.0.1:4318", metavar="URL", help="default %(default)s")
    parser.add_argument("--history-days", type=_positive, default=30, metavar="DAYS", help="default %(default)s")
    parser.add_argument(
        "--orders", type=_count, default=5000, help="orders in the history; default %(default)s, 0 for none"
    )
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same cases; default %(default)s")
    parser.add_argument(
        "--workflow", type=_workflows, default=tuple(PROCESSES), metavar="NAMES", help=f"default {','.join(PROCESSES)}"
    )
    parser.add_argument(
        "--fault", type=_faults, default=(), metavar="NAMES", help=f"what goes wrong: any of {', '.join(FAULTS)}"
    )
    parser.add_argument(
        "--speed",
        type=_speed,
        default=SPEED,
        metavar="N",
        help=f"business time of live cases runs N times as fast until it has caught up with the present, 1 to "
        f"{FASTEST:g}; default %(default)g",
    )
    parser.add_argument("--rate", type=_not_negative, help="new live orders a minute; default a fifth of --speed")
    parser.add_argument(
        "--duration", type=_positive, metavar="SECONDS", help="of the live traffic; without it, until ended"
    )
    parser.add_argument("--no-live", action="store_true", help="end when the history is sent")
    parser.add_argument(
        "--state-file", type=Path, help="remembers that history was sent; without it, history is sent at every start"
    )
    parser.add_argument("--truth", type=Path, help="append what really happened to this file, a JSON line per instance")
    parser.add_argument(
        "--verify",
        metavar="URL",
        help="at the end, hold what the platform at this address says to --truth; without --duration, no live traffic",
    )
    parser.add_argument("--dashboard", metavar="URL", help="print a tour of the dashboard there after the history")
    parser.add_argument(
        "--import-into", type=Path, metavar="DATA_DIR", help="import the bank's statements into the platform there"
    )
    parser.add_argument("--tenant", default="default", help="of imported statements; default %(default)s")
    parser.add_argument(
        "--first-port", type=int, default=0, help="of twelve in a row for the systems; default any free ones"
    )
    parser.add_argument("--page-port", type=int, metavar="PORT", help="serve the page with the faults there")
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


def _speed(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if 1 <= number <= FASTEST:
        return number
    raise argparse.ArgumentTypeError(f"must be from 1 to {FASTEST:g}, not {text!r}")


def _count(text: str) -> int:
    if text.isdecimal():
        return int(text)
    raise argparse.ArgumentTypeError(f"must be a whole number from 0, not {text!r}")


def _faults(text: str) -> tuple[str, ...]:
    try:
        return named(text.split(","))
    except UnknownFault as unknown:
        raise argparse.ArgumentTypeError(str(unknown)) from unknown


def _workflows(text: str) -> tuple[str, ...]:
    wanted = tuple(name.strip() for name in text.split(","))
    if unknown := [name for name in wanted if name not in PROCESSES]:
        raise argparse.ArgumentTypeError(f"there is no workflow {unknown[0]!r}; there are: {', '.join(PROCESSES)}")
    return wanted


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
    while not stop.wait(0.5) and systems.are_wanted:
        if lost := systems.ended():
            _say(f"ended unexpectedly: {', '.join(lost)}; ending the others")
            stop.set()


def _say(text: str) -> None:
    sys.stderr.write(f"sample systems: {text}\n")
    sys.stderr.flush()

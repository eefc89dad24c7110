"""Sends a history by as many processes as help, and gathers what came of it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from threading import Event, Thread

from sample_flows.case import Case
from sample_flows.door import Doors
from sample_flows.history import Chunk, Flag, History, Sender, Sent
from sample_flows.statement import Importer, merged
from sample_flows.systems import Endpoints
from sample_flows.telling import Teller
from sample_flows.tour import Tour
from sample_flows.truth import TruthFile

MOST_ORDERS = 2000
FEW_ORDERS = 4000
"""For fewer than these another process is not worth its start. One more than there are processors, as one waits."""

MOST_PROCESSES = 8
TOLD_SECONDS = 5.0


def send_history(
    history: History,
    endpoints: Endpoints,
    truth: TruthFile,
    say: Callable[[str], None],
    stop: Event,
    importer: Importer | None = None,
    tour: Tour | None = None,
    processes: int = 0,
) -> list[Case] | None:
    """Report all that was to be reported by its end; the cases not over then, or None when `stop` was set before.

    Without a number of processes it is as many as help.
    """
    processes = processes or min((os.cpu_count() or 1) + 1, MOST_PROCESSES, 1 + history.orders // FEW_ORDERS)
    began = time.monotonic()
    told, cases, orders, under_way, parts = began, 0, 0, [], []
    for chunk, sent in _all_sent(history, processes, endpoints, stop, wants_truth=truth.is_kept, say=say):
        cases, orders = cases + sent.cases, orders + len(chunk.instants)
        truth.append(sent.truth)
        under_way += [history.case(*case) for case in sent.under_way]
        if tour:
            tour.merge(sent.tour)
        if sent.statement:
            parts.append(Path(sent.statement))
        if time.monotonic() - told > TOLD_SECONDS:
            told = time.monotonic()
            rate = orders / (told - began)
            say(f"history: {orders:,} of {history.orders:,} orders in {told - began:.0f} s, {rate:,.0f} a second")
    truth.flush()
    if stop.is_set():
        return None
    if parts and importer and endpoints.drop:
        importer.take(str(merged(parts, endpoints.drop / "history.csv")))
    if cases:
        say(f"history: all {cases:,} cases sent in {time.monotonic() - began:.0f} s")
    return under_way


def not_over(history: History, tour: Tour) -> list[Case]:
    """The cases of a history sent before that were not over at its end."""
    found = []
    for chunk in history.chunks(MOST_ORDERS):
        for case in history.cases(chunk):
            tour.consider(case, history.until)
            if any(step.sent_at > history.until for step in case.steps):
                found.append(case)
    return found


def _all_sent(
    history: History,
    processes: int,
    endpoints: Endpoints,
    stop: Event,
    *,
    wants_truth: bool,
    say: Callable[[str], None],
) -> Iterator[tuple[Chunk, Sent]]:
    size = max(1, min(MOST_ORDERS, history.orders // (2 * processes)))
    if processes == 1:
        sender = _sender(history, endpoints, wants_truth, stop, say)
        for chunk in history.chunks(size):
            if stop.is_set():
                return
            yield chunk, sender.send(chunk)
        return
    context = multiprocessing.get_context("spawn")
    flag = context.Event()
    about = (history, endpoints, wants_truth, flag)
    with ProcessPoolExecutor(processes, context, _join_in, about) as pool:
        waiting: deque[tuple[Chunk, Future[Sent]]] = deque()
        for chunk in history.chunks(size):
            waiting.append((chunk, pool.submit(_send, chunk)))
            while len(waiting) > 2 * processes:
                yield _next(waiting, stop, flag)
        while waiting:
            yield _next(waiting, stop, flag)


def _next(
    waiting: deque[tuple[Chunk, Future[Sent]]], stop: Event, flag: multiprocessing.synchronize.Event
) -> tuple[Chunk, Sent]:
    chunk, future = waiting.popleft()
    while not future.done():
        if stop.wait(0.02):
            flag.set()
            break
    return chunk, future.result()


_mine: list[Sender] = []


def _join_in(history: History, endpoints: Endpoints, wants_truth: bool, stop: Flag) -> None:
    """Begin as one of the processes: Ctrl-C and the end of the parent are the parent's to decide and to suffer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    _mine.append(_sender(history, endpoints, wants_truth, stop, _say))


def _send(chunk: Chunk) -> Sent:
    return _mine[0].send(chunk)


def _sender(
    history: History, endpoints: Endpoints, wants_truth: bool, stop: Flag, say: Callable[[str], None]
) -> Sender:
    doors = Doors(endpoints, say)
    Thread(target=_hurry_when_stopped, args=(doors, stop), daemon=True).start()
    drop = endpoints.drop / "parts" if endpoints.drop else None
    return Sender(history, Teller(drop), doors, stop, wants_truth=wants_truth)


def _hurry_when_stopped(doors: Doors, stop: Flag) -> None:
    while not stop.is_set():
        time.sleep(0.2)
    doors.hurry()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _say(text: str) -> None:
    sys.stderr.write(f"sample systems: {text}\n")
    sys.stderr.flush()

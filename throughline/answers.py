"""Answers that take long, line by line, and end in words when the platform stops."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Generator
from contextlib import suppress
from typing import Any

from starlette.concurrency import run_in_threadpool

log = logging.getLogger(__name__)

_STEP_SECONDS = 1.0
_END_SECONDS = 10.0


class Answers:
    """Gives out lines of generators that work in threads; `stop` is set when the platform stops."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self._ending: set[asyncio.Task[None]] = set()

    async def lines(self, steps: Generator[dict[str, Any]], name: str, advice: str) -> AsyncIterator[str]:
        """JSON lines of what the steps give, at once. Only lines with `progress` have others behind them.

        Where the platform stops, no step is begun any more, one that runs is waited for a moment, and the last line is
        an error worth trying again that says so, with the advice.
        """
        stopped = asyncio.create_task(self._stop.wait())
        step: asyncio.Future[dict[str, Any] | None] | None = None
        try:
            while True:
                step = asyncio.ensure_future(run_in_threadpool(next, steps, None))
                await asyncio.wait({step, stopped}, return_when=asyncio.FIRST_COMPLETED)
                if not step.done():
                    await asyncio.wait({step}, timeout=_STEP_SECONDS)
                line = step.result() if step.done() else {}
                if line is None:
                    return
                if line:
                    yield json.dumps(line, default=str) + "\n"
                if self._stop.is_set() and (not line or "progress" in line):
                    log.info("%s is ended, because the platform stops", name)
                    error = f"The platform stops, and with it {name}. {advice}"
                    yield json.dumps({"error": error, "retryable": True}) + "\n"
                    return
        finally:
            stopped.cancel()
            ending = asyncio.create_task(_end(steps, step))
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)

    async def ended(self) -> None:
        """Wait until no step runs that needs the store, for a bounded time."""
        if self._ending:
            await asyncio.wait(set(self._ending), timeout=_END_SECONDS)


async def _end(steps: Generator[dict[str, Any]], step: asyncio.Future[dict[str, Any] | None] | None) -> None:
    # What a step nobody waits for any more ends with is of no use to anybody: its work is done again.
    with suppress(Exception):
        if step is not None:
            await step
        await run_in_threadpool(steps.close)

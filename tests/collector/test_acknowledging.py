"""Futures of the spool's thread as seen from the event loop: each is told, and the loop is woken once for many."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import Any

import pytest

from collector.acknowledging import Acknowledgements
from model import SpoolFull


class _CountingLoop(asyncio.SelectorEventLoop):
    wakings = 0

    def call_soon_threadsafe(self, *arguments: Any, **named: Any) -> asyncio.Handle:
        self.wakings += 1
        return super().call_soon_threadsafe(*arguments, **named)


def test_requests_that_become_durable_together_wake_the_loop_once() -> None:
    async def main() -> None:
        told = Acknowledgements()
        futures: list[Future[None]] = [Future() for _ in range(100)]
        waiting = [asyncio.ensure_future(told.durable(each)) for each in futures]
        await asyncio.sleep(0)
        for each in futures:  # the loop cannot run meanwhile, as when the other thread is the faster one
            each.set_result(None)
        await asyncio.gather(*waiting)

    with asyncio.Runner(loop_factory=_CountingLoop) as runner:
        runner.run(main())
        loop = runner.get_loop()
        assert isinstance(loop, _CountingLoop)
        assert loop.wakings == 1


def test_each_request_is_told_its_own_fate_from_another_thread() -> None:
    async def main() -> list[BaseException | None]:
        told = Acknowledgements()
        futures: list[Future[None]] = [Future() for _ in range(500)]

        def commit() -> None:
            for number, each in enumerate(futures):
                if number % 3:
                    each.set_result(None)
                else:
                    each.set_exception(SpoolFull(str(number)))

        waiting = [asyncio.ensure_future(told.durable(each)) for each in futures]
        await asyncio.sleep(0)
        await asyncio.to_thread(commit)
        return await asyncio.gather(*waiting, return_exceptions=True)

    found = asyncio.run(main())
    assert [str(each) for each in found if each is not None] == [str(number) for number in range(0, 500, 3)]
    assert [number for number, each in enumerate(found) if each is None] == [n for n in range(500) if n % 3]


def test_a_request_that_is_durable_already_and_one_whose_sender_has_gone() -> None:
    async def main() -> None:
        told = Acknowledgements()
        done: Future[None] = Future()
        done.set_result(None)
        await told.durable(done)
        late: Future[None] = Future()
        gone = asyncio.ensure_future(told.durable(late))
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        late.set_result(None)
        another: Future[None] = Future()
        another.set_result(None)
        await told.durable(another)

    asyncio.run(main())

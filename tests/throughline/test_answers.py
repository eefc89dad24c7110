"""A platform that stops while an answer is on its way ends it in words."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx

from tests.support.platform import Platform
from throughline.answers import Answers

ROWS = 300_000
MAPPING = """
source: crm
format: csv
id: no
time: {column: at, format: iso, zone: UTC}
type: {value: customer.changed}
attributes: {order.id: order}
"""


def test_an_import_that_the_stop_of_the_platform_cuts_short_is_told_so_and_goes_on_later(tmp_path: Path) -> None:
    mapping, file = tmp_path / "mapping.yaml", tmp_path / "events.csv"
    mapping.write_text(MAPPING)
    file.write_text("no,at,order\n" + "".join(f"{n},2027-01-01T00:00:00Z,SO-{n}\n" for n in range(ROWS)))
    body = {"file": str(file), "mapping": str(mapping)}
    platform = Platform(tmp_path / "data")

    def imported() -> Any:
        control = json.loads((platform.data_dir / "control.json").read_text())
        headers = {"authorization": f"Bearer {control['token']}"}
        return httpx.stream("POST", f"{control['admin']}/import", json=body, headers=headers, timeout=60)

    try:
        with imported() as answer:
            lines = answer.iter_lines()
            first = json.loads(next(lines))
            stopped = threading.Thread(target=lambda: said.extend(platform.stop()))
            said: list[str] = []
            stopped.start()
            last = [json.loads(line) for line in lines][-1]
        stopped.join()
        assert first["progress"]["rows"] < ROWS
        assert last["retryable"]
        assert "run the import again, and it goes on where it stopped" in last["error"]
        assert said[1].count("the import of") == 1
        assert not [each for each in ("Traceback", "Exception", "ERROR") if each in said[1]], said[1]
        platform.start()
        with imported() as answer:
            report = json.loads(list(answer.iter_lines())[-1])["report"]
        assert (report["accepted"], report["rejected"]) == (ROWS, 0)
        assert not report["already_imported"]
    finally:
        platform.kill()


def test_what_was_done_when_the_stop_came_is_answered_and_what_runs_on_is_waited_for() -> None:
    begun, go_on = threading.Event(), threading.Event()
    closed: list[str] = []

    def steps(*, waits: bool) -> Generator[dict[str, Any]]:
        try:
            if waits:
                begun.set()
                go_on.wait(30)
            yield {"progress": 1}
            yield {"report": 2}
        finally:
            closed.append("yes")

    async def run() -> None:
        stop = asyncio.Event()
        answers = Answers(stop)

        async def answered(*, waits: bool) -> list[Any]:
            found = answers.lines(steps(waits=waits), "the work", "Begin again.")
            return [json.loads(line) async for line in found]

        assert await answered(waits=False) == [{"progress": 1}, {"report": 2}]
        running = asyncio.create_task(answered(waits=True))
        await asyncio.to_thread(begun.wait)
        stop.set()
        error = {"error": "The platform stops, and with it the work. Begin again.", "retryable": True}
        assert await running == [error]
        assert await answered(waits=False) == [{"progress": 1}, error]
        asyncio.get_running_loop().call_later(0.2, go_on.set)
        await answers.ended()
        assert closed == ["yes"] * 3

    asyncio.run(run())

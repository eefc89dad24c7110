"""`throughline sla backtest` as a user runs it: beside a running platform, and without one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.support.platform import Platform, eventually, throughline
from throughline.rejudging import such_as

CATALOG = Path(__file__).with_name("catalog.yaml")


def test_keys_in_answers_add_no_line_and_tell_a_terminal_nothing() -> None:
    assert such_as(["SO-1", "SO-2\r\nready \x1b]0;title\x07"]) == "such as SO-1, SO-2 ready ]0;title"


@pytest.mark.slow
def test_a_tighter_promise_says_which_requests_would_have_broken_it(tmp_path: Path) -> None:
    folder, changed = tmp_path / "data", tmp_path / "changed.yaml"
    catalog = CATALOG.read_text().replace('{span: "POST /requests", service: counter}', "{event: shed.asked}")
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "c.yaml").write_text(catalog)
    changed.write_text(catalog.replace("within: 2h", "within: 1h"))
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
    day = f"{start:%Y-%m-%d}"
    asked = ("sla", "backtest", str(changed), "--from", day, "--to", f"{start + timedelta(days=2):%Y-%m-%d}")
    platform = Platform(folder, "--catalog", str(tmp_path / "catalog"))
    try:
        events = [
            {
                "specversion": "1.0",
                "id": f"{name}-{number}",
                "source": "/shed",
                "type": name,
                "time": (start + timedelta(minutes=minutes)).isoformat(),
                "data": {"request": {"number": f"R-{number}"}, "req": f"R-{number}"},
            }
            for number, took in enumerate((30, 90))
            for name, minutes in (("shed.asked", 0), ("shed.crate.packed", took))
        ]
        answer = httpx.post(
            f"{platform.otlp_http}/v1/events",
            json=events,
            headers={"content-type": "application/cloudevents-batch+json"},
        )
        assert answer.status_code == 202, answer.text
        eventually(lambda: platform.get("/slas/packed_in_time")["verdicts"]["met"] == 2, "both are met", seconds=60)
        running = throughline(*asked, "--data-dir", str(folder))
    finally:
        platform.stop()
    alone = throughline(*asked, "--data-dir", str(folder))
    for done in (running, alone):
        assert done.returncode == 0, done.stderr
        assert "newly breached: 1, such as R-1" in done.stdout
        assert "no longer breached: none" in done.stdout
        assert "50.00%" in done.stdout
    assert alone.stdout == running.stdout
    for wrong, words in ((("--from", "soon"), "is no time"), (("--from", "2200-01-01"), "ends before it begins")):
        done = throughline(*asked, *wrong, "--data-dir", str(folder))
        assert done.returncode == 1
        assert words in done.stderr

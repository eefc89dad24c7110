"""`throughline sla rejudge` as a user runs it: beside a running platform, and without one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from tests.support.platform import Platform, eventually, throughline

CATALOG = Path(__file__).with_name("catalog.yaml")


def test_a_tightened_promise_judges_the_past_on_request_and_alerts_nobody(tmp_path: Path) -> None:
    folder, catalog = tmp_path / "data", tmp_path / "catalog"
    data_dir = ("--data-dir", str(folder))
    text = CATALOG.read_text().replace('{span: "POST /requests", service: counter}', "{event: shed.asked}")
    catalog.mkdir()
    (catalog / "c.yaml").write_text(text)
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
    again = ("sla", "rejudge", "packed_in_time", *data_dir)
    platform = Platform(folder, "--catalog", str(catalog))
    try:
        events = [
            {
                "specversion": "1.0",
                "id": f"{name}-{number}",
                "source": "/shed",
                "type": name,
                "time": (start + timedelta(minutes=minutes)).isoformat(),
                "data": {"req": f"R-{number}"},
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
        refused = throughline(*again)
        assert refused.returncode == 1
        assert "always meant what it means now" in refused.stderr
        (catalog / "c.yaml").write_text(text.replace("within: 2h", "within: 1h"))
        assert throughline("catalog", "apply", str(catalog), *data_dir).returncode == 0
        running = throughline(*again)
        assert running.returncode == 0, running.stderr
        (clock,) = platform.get("/workflows/parts/instances/R-1")["slas"]
        assert (clock["verdict"], clock["rejudged"]["verdict"]) == ("met", "breached")
        assert platform.get("/slas/packed_in_time")["verdicts"]["breached"] == 0
        assert platform.get("/alerts")["items"] == []
    finally:
        platform.stop()
    alone = throughline(*again)
    for done in (running, alone):
        assert done.returncode == 0, done.stderr
        assert "packed_in_time: 2 clocks of earlier versions were judged again" in done.stdout
        assert "1  as the ledger says" in done.stdout
        assert "1  breached, was met, such as R-1" in done.stdout
    none = throughline(*again, "--from", f"{start + timedelta(days=1):%Y-%m-%d}")
    assert "0 clocks" in none.stdout
    for wrong, words in ((("--from", "soon"), "is no time"), (("--to", "1800-01-01"), "ends before it begins")):
        done = throughline(*again, *wrong)
        assert done.returncode == 1
        assert words in done.stderr

"""`throughline demo --verify` as a user runs it: history, statements, live traffic, the comparison, the end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def _demo(folder: Path, *more: str, seconds: float = 280) -> subprocess.CompletedProcess[str]:
    ports = ["--otlp-grpc-port", "0", "--otlp-http-port", "0", "--http-port", "0", "--page-port", "0"]
    sizes = ["--orders", "200", "--history-days", "14", "--tick-seconds", "2"]
    command = [sys.executable, "-m", "throughline", "demo", "--data-dir", str(folder), *ports, *sizes, *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)


def test_the_demo_verifies_itself_with_files_live_traffic_and_a_fault(tmp_path: Path) -> None:
    done = _demo(tmp_path, "--verify", "--duration", "10", "--speed", "300", "--fault", "second-invoice")
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "All is found, and nothing else." in done.stdout
    assert "live at 300 times the speed of life: 60 orders a minute" in done.stderr
    assert "Three steps for each of the three readers" in done.stdout
    assert "Traceback" not in said
    assert list((tmp_path / "statements").glob("*.csv")), "the bank has dropped a statement"
    assert "payment_executed" in (tmp_path / "sample_flows.truth.jsonl").read_text()


@pytest.mark.slow
@pytest.mark.timeout(1900)
def test_the_demo_verifies_itself_at_the_size_it_has_by_default(tmp_path: Path) -> None:
    done = _demo(tmp_path, "--verify", "--orders", "5000", "--history-days", "30", seconds=1800)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All is found, and nothing else." in done.stdout


@pytest.mark.slow
def test_a_tampered_truth_is_told_and_the_exit_status_is_1(tmp_path: Path) -> None:
    """The comparison can fail: what the file says of one instance more, the platform cannot have found."""
    (tmp_path / "sample_flows.truth.jsonl").write_text(
        '{"workflow":"inventory_sync","key":"MV-1","kind":"standard","mishaps":[],"events":[{"milestone":"stock_changed",'
        '"system":"wms","at":"2026-11-01T10:00:00Z","sent_at":"2026-11-01T10:00:00Z","keys":[["movement","MV-1"]],'
        '"promise":"","amount":"","currency":"","copies":1,"is_reported":true,"roots":["MV-1"],"waiting":[]}]}\n'
    )
    done = _demo(tmp_path, "--verify", "--orders", "3")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "missed instances: inventory_sync MV-1 in_progress" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr

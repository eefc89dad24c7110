"""The bank's statement: a CSV file dropped in a folder, for whoever imports it with `throughline import`."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from sample_flows.case import LOST, Case
from sample_flows.moment import now_ns

COLUMNS = ("payment", "booked_at", "reference", "amount", "currency")


class Statement:
    """Payments booked since the last statement; without a folder none is ever dropped."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._rows: list[tuple[str, str, str, str, str]] = []

    def book(self, payment: str, reference: str, amount: str, currency: str) -> None:
        """One payment, now."""
        booked_at = datetime.fromtimestamp(now_ns() / 1e9, UTC).isoformat(timespec="milliseconds")
        self._rows.append((payment, booked_at, reference, amount, currency))

    def drop(self, name: str) -> Path | None:
        """Write the file of that name, whole or not at all; None where there is nothing to tell."""
        if self._folder is None or not self._rows:
            return None
        self._folder.mkdir(parents=True, exist_ok=True)
        path, beside = self._folder / name, self._folder / f"{name}.part"
        with beside.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(self._rows)
        beside.replace(path)
        self._rows = []
        return path


def merged(parts: Iterable[Path], into: Path) -> Path:
    """One statement of several, which are removed."""
    with into.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for part in parts:
            with part.open(encoding="utf-8", newline="") as rows:
                writer.writerows(list(csv.reader(rows))[1:])
            part.unlink()
    return into


def without_statement(case: Case) -> Case:
    """The case where nobody imports the bank's statement: payments made are never reported."""
    steps = tuple(
        replace(step, wire=(*step.wire, LOST)) if step.milestone == "payment_executed" else step for step in case.steps
    )
    return replace(case, steps=steps)


@dataclass(frozen=True)
class Importer:
    """Imports statements as a nightly job would: by the command, into the platform that runs on `data_dir`."""

    data_dir: Path
    tenant: str
    say: Callable[[str], None]

    def take(self, file: str) -> bool:
        """Import one file; False, and a word why, where the command refuses."""
        mapping = str(files("sample_flows") / "mappings" / "bank_statement.yaml")
        command = [sys.executable, "-m", "throughline", "import", file, "--mapping", mapping]
        command += ["--data-dir", str(self.data_dir), "--tenant", self.tenant]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            self.say(f"{file} was not imported: {done.stderr.strip()}")
        return done.returncode == 0

"""Merges of the embedded engine are nicer than everything else in the process, from the first table on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from store.giving_way import NICER

_OPENED = """
import os, sys
from pathlib import Path
from store import Store, migrate

def nice():
    found = {}
    for thread in Path("/proc/self/task").iterdir():
        name = (thread / "comm").read_text().strip()
        found.setdefault(name == "MergeMutate", set()).add(os.getpriority(os.PRIO_PROCESS, int(thread.name)))
    return found

with Store.embedded(Path(sys.argv[1])) as store:
    migrate(store, ("store", "collector"))
    print(min(nice()[True]), max(nice()[True]), max(nice()[False]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has threads with a nice value of their own")
@pytest.mark.parametrize("opened", ["new", "again"])
def test_merges_of_a_new_and_of_an_opened_store_give_way(tmp_path: Path, opened: str) -> None:
    """In a process of its own: others have stores open here."""
    command = [sys.executable, "-c", _OPENED, str(tmp_path)]
    for _ in range(2 if opened == "again" else 1):
        told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert told == f"{min(19, own + NICER)} {min(19, own + NICER)} {own}"

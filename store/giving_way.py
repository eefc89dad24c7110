"""Merges of the embedded engine give way: what somebody waits for comes first where all CPUs are at work.

The engine merges parts in threads of its own, of the priority of all others, and takes as much CPU for it as for
inserting them. Linux lets a thread be nicer than its process, without any privilege (setpriority(2), "C library/kernel
differences"). A ClickHouse server has a setting for it, `os_threads_nice_value_merge_mutate`.
"""

from __future__ import annotations

import os
from pathlib import Path

NICER = 10
"""Added to the nice value of the process: a tenth of the CPU of others, while these take all they can get."""

_THREADS = Path("/proc/self/task")
_OF_MERGES = "MergeMutate"


def merges_give_way() -> None:
    """Make the threads that merge, and take rows out of parts, nicer.

    There are none before the first table is there, and none are seen where there is no /proc.
    """
    nice = min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICER)
    for thread in _THREADS.iterdir() if _THREADS.is_dir() else ():
        try:
            if (thread / "comm").read_text().strip() != _OF_MERGES:
                continue
            number = int(thread.name)
            if os.getpriority(os.PRIO_PROCESS, number) < nice:  # to be less nice is a privilege
                os.setpriority(os.PRIO_PROCESS, number, nice)
        except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            continue

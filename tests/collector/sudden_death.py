"""A process that dies at the next system call of a kind: the way to hit a chosen moment inside ClickHouse.

The kernel does it (seccomp), so that threads of an engine written in another language are hit as well.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import threading
import time
from pathlib import Path

_CALLS = {
    "x86_64": {"rename": (82, 264, 316), "fsync": (74, 75), "unlink": (87, 263), "mkdir": (83, 258)},
    "aarch64": {"rename": (38, 276), "fsync": (82, 83), "unlink": (35,), "mkdir": (34,)},
}
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_LOAD_NUMBER, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _KILL_PROCESS = 0x7FFF0000, 0x80000000
_SET_FILTER, _ALL_THREADS, _NO_NEW_PRIVILEGES = 1, 1, 38


def possible() -> bool:
    """Whether it works on this machine."""
    return platform.system() == "Linux" and platform.machine() in _CALLS


def die_at(call: str) -> None:
    """From now on the process dies where any thread of it begins such a call."""
    numbers = _CALLS[platform.machine()][call]
    program = [struct.pack("HBBI", _LOAD_NUMBER, 0, 0, 0)]
    for index, number in enumerate(numbers):
        program.append(struct.pack("HBBI", _JUMP_IF_EQUAL, len(numbers) - index, 0, number))
    program += [struct.pack("HBBI", _RETURN, 0, 0, _ALLOW), struct.pack("HBBI", _RETURN, 0, 0, _KILL_PROCESS)]
    code = ctypes.create_string_buffer(b"".join(program))
    head = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    if libc.syscall(_SECCOMP[platform.machine()], _SET_FILTER, _ALL_THREADS, ctypes.byref(head)):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def die_when_told(file: Path, call: str) -> None:
    """Wait in a thread until the file appears, then arm `die_at`."""

    def wait() -> None:
        while not file.exists():
            time.sleep(0.005)
        die_at(call)
        file.unlink()

    threading.Thread(target=wait, daemon=True).start()

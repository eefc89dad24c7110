"""A real ClickHouse server from the chDB wheel, for tests and benchmarks only.

It rests on private API of the wheel (the engine is told to start its HTTP and TCP listeners while a query that never
ends keeps it alive), so it stands in this one place.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

_MAIN = """
import sys
from chdb import _chdb
_chdb.query(
    "SYSTEM START LISTEN HTTP; SYSTEM START LISTEN TCP; "
    "SELECT sleepEachRow(3) FROM numbers(1000000) SETTINGS max_block_size=1, "
    "function_sleep_max_microseconds_per_block=1000000000000 FORMAT Null",
    "TabSeparated", path=sys.argv[1],
)
"""

_CONFIG = """<clickhouse>
  <http_port>{http}</http_port>
  <tcp_port>{tcp}</tcp_port>
  <listen_host>127.0.0.1</listen_host>{more}
</clickhouse>
"""


def free_port() -> int:
    """A TCP port on loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ClickHouseServer:
    """Starts when made; `url` is its HTTP address. `kill` is sudden, `start` brings it back on the same folder.

    `users` is a file of ClickHouse's with users, profiles and quotas; without one there is the user `default`, who may
    do everything.
    """

    def __init__(self, folder: Path, users: Path | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        more = f"\n  <users_config>{users}</users_config>" if users else ""
        (folder / "clickhouse-local.xml").write_text(_CONFIG.format(http=self.port, tcp=free_port(), more=more))
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.log = (self.folder / "server.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-c", _MAIN, str(self.folder / "data")],
            cwd=self.folder,
            stdout=self.log,
            stderr=self.log,
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/ping", timeout=1):
                    return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"the ClickHouse server did not start: {(self.folder / 'server.log').read_text()[-2000:]}")

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()
        self.log.close()

"""How fast the sample systems send history, at doors that only count, and how much memory that takes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import grpc

from benchmarks.figure import Figure

ORDERS_A_SECOND = 1000


def figures(seconds: float) -> Iterator[Figure]:
    """Orders sent in about so many seconds, with the stock, purchases and master data around them."""
    orders = int(max(5000, seconds * ORDERS_A_SECOND))
    sink = _Sink()
    command = [sys.executable, "-m", "sample_flows", "--no-live", "--orders", str(orders), *sink.arguments]
    began = time.monotonic()
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - began
    sink.close()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    cpu = used.ru_utime + used.ru_stime
    detail = {"orders": orders, "megabytes_sent": round(sink.size / 2**20), "cpu_seconds": round(cpu, 1)}
    yield Figure("history: orders sent, with the doors on the same cores", orders / wall, "orders/s", detail=detail)
    yield Figure("history: CPU of an order, starting included", cpu / orders * 1e6, "us", 1500)
    yield Figure("history: memory of the largest process", used.ru_maxrss / 1024, "MB", 300)


class _Sink(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    """Takes everything and keeps nothing but its size."""

    def __init__(self) -> None:
        self.size = 0
        self._grpc = grpc.server(ThreadPoolExecutor(4))
        self._grpc.add_generic_rpc_handlers((self,))
        self.grpc_port = self._grpc.add_insecure_port("127.0.0.1:0")
        self._grpc.start()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sink.size += len(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http_port = self._http.server_address[1]
        Thread(target=self._http.serve_forever, daemon=True).start()

    @property
    def arguments(self) -> list[str]:
        """The command line options that lead here."""
        return ["--otlp-grpc", f"127.0.0.1:{self.grpc_port}", "--otlp-http", f"http://127.0.0.1:{self.http_port}"]

    def service(self, _: Any) -> Any:
        """One handler for all methods."""
        return grpc.unary_unary_rpc_method_handler(self._take)

    def close(self) -> None:
        """Close both doors."""
        self._grpc.stop(0).wait()
        self._http.shutdown()
        self._http.server_close()

    def _take(self, request: bytes, _: Any) -> bytes:
        self.size += len(request)
        return b""

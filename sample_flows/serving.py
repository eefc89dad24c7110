"""A few systems in a process: serves their routes on the loopback until its parent closes the pipe or ends it.

A line of JSON on its standard output says the ports; a line on its standard input says where the other systems are. The
end of the input is the end of the process, so that no system outlives the process that started it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

from sample_flows.systems import PROCESSES, SYSTEMS, Endpoints, build
from sample_flows.web import App, HttpTransport

HOST = "127.0.0.1"
TOKEN = "SAMPLE_FLOWS_TOKEN"  # noqa: S105 - the name of a variable
CLOSE_SECONDS = 1.4


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    app: App


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        """Answer one request."""
        try:
            payload = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
        except ValueError:
            self._reply(400, {"detail": "the body is not JSON"})
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, answer = self.server.app.handle(self.path, headers, payload)
        self._reply(status, answer)

    def _reply(self, status: int, answer: dict[str, object]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: requests are reported by telemetry."""


def listen(app: App, port: int) -> _Server:
    """A server for the app on the loopback; port 0 is any free one. Raises OSError where the port is in use."""
    server = _Server((HOST, port), _Handler)
    server.app = app
    return server


def main(arguments: list[str] | None = None) -> int:
    """Run the systems of one process; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sample_flows.serving", description=__doc__)
    parser.add_argument("process", choices=list(PROCESSES))
    parser.add_argument("--otlp-grpc", required=True)
    parser.add_argument("--otlp-http", required=True)
    parser.add_argument("--drop", type=Path)
    parser.add_argument("--first-port", type=int, default=0)
    wanted = parser.parse_args(arguments)

    end = Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the parent decides
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    addresses: dict[str, str] = {}
    endpoints = Endpoints(wanted.otlp_grpc, wanted.otlp_http, os.environ.get(TOKEN), wanted.drop)
    transport = HttpTransport(addresses)
    systems = [
        build(name, endpoints, transport, lambda text, name=name: _say(name, text))  # type: ignore[misc]
        for name in PROCESSES[wanted.process]
    ]
    servers: dict[str, _Server] = {}
    for system in systems:
        port = wanted.first_port + list(SYSTEMS).index(system.name) if wanted.first_port else 0
        try:
            servers[system.name] = listen(system.app, port)
        except OSError as refused:
            _write({"error": f"port {port} for the {system.name} cannot be had: {refused.strerror}"})
            return 1
    _write({"ports": {name: server.server_address[1] for name, server in servers.items()}})
    Thread(target=_obey, args=(addresses, end), daemon=True).start()
    for server in servers.values():
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    end.wait()
    for server in servers.values():
        server.shutdown()
    closing = [Thread(target=system.reports.close, args=(CLOSE_SECONDS,), daemon=True) for system in systems]
    for thread in closing:
        thread.start()
    for thread in closing:
        thread.join(CLOSE_SECONDS)
    return 0


def _obey(addresses: dict[str, str], end: Event) -> None:
    for line in sys.stdin:
        addresses.update(json.loads(line))
    end.set()


def _write(answer: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _say(system: str, text: str) -> None:
    sys.stderr.write(f"{system}: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())

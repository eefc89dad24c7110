"""Sends the load to any OTLP endpoint, from a process of its own, and prints what it saw as one line of JSON.

Without a rate every connection sends as soon as it was answered. With one, requests have a time they are due, and how
long one took counts from then: a receiver that stalls is not spared the requests it kept from being sent.
"""

from __future__ import annotations

import argparse
import http.client
import json
import threading
import time
from urllib.parse import urlsplit

import grpc

from benchmarks import orders
from benchmarks.load import SPANS, requests

_PATH = "/v1/traces"
_METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_BODIES = 64


class Sender:
    """One run of the load; `taken` are the seconds each acknowledgement took."""

    def __init__(
        self, endpoint: str, protocol: str, spans: int, token: str | None, orders_from: int | None = None
    ) -> None:
        self._endpoint = endpoint
        self._protocol = protocol
        self._token = token
        self._orders_from = orders_from
        self._bodies = requests(_BODIES, spans) if orders_from is None else [orders.request(n) for n in range(_BODIES)]
        self._lock = threading.Lock()
        self._next = 0
        self.taken: list[float] = []
        self.refused = 0

    def run(self, seconds: float, connections: int, rate: float | None) -> float:
        """Send for that long; gives the seconds until the last answer."""
        began = time.perf_counter()
        threads = [threading.Thread(target=self._send, args=(began, seconds, rate)) for _ in range(connections)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        return time.perf_counter() - began

    def _send(self, began: float, seconds: float, rate: float | None) -> None:
        send = self._over_grpc() if self._protocol == "grpc" else self._over_http()
        taken: list[float] = []
        refused = 0
        while True:
            with self._lock:
                number = self._next
                self._next += 1
            due = began + number / rate if rate else time.perf_counter()
            if due - began >= seconds:
                break
            time.sleep(max(0.0, due - time.perf_counter()))
            if send(self._body(number)):
                taken.append(time.perf_counter() - due)
            else:
                refused += 1
        with self._lock:
            self.taken += taken
            self.refused += refused

    def _body(self, number: int) -> bytes:
        body = self._bodies[number % _BODIES]
        return body if self._orders_from is None else orders.numbered(body, self._orders_from + number)

    def _over_http(self):
        parts = urlsplit(self._endpoint)
        connection = http.client.HTTPConnection(parts.hostname, parts.port or 4318)
        headers = {"content-type": "application/x-protobuf"}
        if self._token:
            headers["authorization"] = f"Bearer {self._token}"

        def send(body: bytes) -> bool:
            connection.request("POST", _PATH, body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status == 200

        return send

    def _over_grpc(self):
        parts = urlsplit(self._endpoint)
        export = grpc.insecure_channel(parts.netloc or self._endpoint).unary_unary(_METHOD)
        metadata = (("authorization", f"Bearer {self._token}"),) if self._token else None

        def send(body: bytes) -> bool:
            try:
                export(body, metadata=metadata)
            except grpc.RpcError:
                return False
            return True

        return send


def main() -> None:
    """Send, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("endpoint")
    parser.add_argument("--protocol", choices=["http", "grpc"], default="http")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--rate", type=float, help="requests a second; without it as many as are answered")
    parser.add_argument("--spans", type=int, default=SPANS)
    parser.add_argument("--token")
    parser.add_argument("--orders-from", type=int, help="send orders, every request another, numbered from here")
    given = parser.parse_args()
    sender = Sender(given.endpoint, given.protocol, given.spans, given.token, given.orders_from)
    began = time.monotonic()
    took = sender.run(given.seconds, given.connections, given.rate)
    found = {
        "began": began,
        "seconds": took,
        "requests": len(sender.taken),
        "refused": sender.refused,
        "taken": sender.taken,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()

"""The platform's doors for what is in bytes already: OTLP over gRPC and HTTP, and batches of CloudEvents.

The requests are those of the SDK's exporters, byte for byte. A platform that is away is waited for, as `patience` does.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any

import grpc

from sample_flows.patience import Patience
from sample_flows.recording import Place, field
from sample_flows.systems import SYSTEMS, Endpoints

MOST_BYTES = 2 * 2**20
TIMEOUT_SECONDS = 30
_METHODS = {
    "spans": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
}
_PATHS = {"spans": "/v1/traces", "logs": "/v1/logs", "cloudevents": "/v1/events"}


class Doors:
    """The doors of one platform; use `close` at the end."""

    def __init__(self, endpoints: Endpoints, say: Callable[[str], None]) -> None:
        self._endpoints = endpoints
        self._patience = {
            "grpc": Patience(endpoints.grpc, "reports", say),
            "http": Patience(endpoints.http, "reports", say),
        }
        self._channel = grpc.insecure_channel(endpoints.grpc)

    def hurry(self) -> None:
        """Stop waiting for a platform that is away."""
        for patience in self._patience.values():
            patience.hurry()

    def close(self) -> None:
        """Let go of the connections."""
        self._channel.close()

    def send(self, place: Place, parts: Sequence[bytes], envelope: tuple[bytes, bytes] | None) -> None:
        """Send the reports of one list; the envelope is what the SDK puts around it."""
        while parts:
            size, count = 0, 0
            while count < len(parts) and (count == 0 or size + len(parts[count]) <= MOST_BYTES):
                size += len(parts[count])
                count += 1
            self._post(place, _enveloped(parts[:count], envelope), count)
            parts = parts[count:]

    def _post(self, place: Place, body: bytes, count: int) -> None:
        system, signal = place
        if SYSTEMS[system] == "grpc":
            self._patience["grpc"].insist(lambda: self._by_grpc(_METHODS[signal], body), count)
        else:
            kind = "application/cloudevents-batch+json" if signal == "cloudevents" else "application/x-protobuf"
            url = f"{self._endpoints.http.rstrip('/')}{_PATHS[signal]}"
            self._patience["http"].insist(lambda: self._by_http(url, kind, body), count)

    def _by_grpc(self, method: str, body: bytes) -> bool:
        call: Any = self._channel.unary_unary(method)
        try:
            call(body, timeout=TIMEOUT_SECONDS, metadata=tuple(self._endpoints.headers.items()))
        except grpc.RpcError:
            return False
        return True

    def _by_http(self, url: str, kind: str, body: bytes) -> bool:
        headers = {"Content-Type": kind, **self._endpoints.headers}
        request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310
                return True
        except (urllib.error.URLError, OSError):
            return False


def _enveloped(parts: Sequence[bytes], envelope: tuple[bytes, bytes] | None) -> bytes:
    if envelope is None:
        return b"[" + b",".join(parts) + b"]"
    resource, scope = envelope
    return field(1, resource + field(2, scope + b"".join(parts)))

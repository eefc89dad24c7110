"""OTLP/gRPC: the trace and log services as handlers of raw bytes; every other service is answered UNIMPLEMENTED.

UNIMPLEMENTED is also what a metrics exporter gets, which by the OTLP specification it must not repeat.

Whoever may not send, and whoever comes while as much is worked on as may be, is told so before the message is read:
gRPC would take it into memory first, up to its largest size. A method that is not to read its message is served as one
that reads a stream, and never does, which is the same on the wire. All others are unary, which costs less; so gRPC
receives their messages by itself. What those take that are still on their way is not bounded by one number (quotas of
gRPC cannot be set from Python), only by three: `connections`, `concurrent` messages in each, `decompressed_bytes` each.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import grpc

from collector.intake import Intake, Refusal
from collector.listening import listening_socket
from collector.requests import accept_aside
from collector.segment import Signal
from collector.status import response_of, status_of
from collector.tls import Tls
from model import Refused
from model.access import Principal

_SIGNALS = {
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export": Signal.TRACES,
    "/opentelemetry.proto.collector.logs.v1.LogsService/Export": Signal.LOGS,
}
_UNSUPPORTED = (
    "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
)
_CODES = {code.value[0]: code for code in grpc.StatusCode}
_PROTOCOL = "grpc"


class GrpcReceiver:
    """A server on one address; `start` binds it, `stop` lets running requests end."""

    def __init__(self, intake: Intake, host: str, port: int, tls: Tls | None = None) -> None:
        self._intake = intake
        self._tls = tls
        self._host = host
        self.port = port
        self._server: Any = None

    async def start(self) -> None:
        """Bind and serve; port 0 takes a free one. Raises `Refused` where the port is taken."""
        self._server = grpc.aio.server(
            options=(
                ("grpc.so_reuseport", 0),
                # A request of 512 spans in one frame instead of ten: a tenth less work a span.
                ("grpc.http2.max_frame_size", 1 << 20),
                ("grpc.server_handshake_timeout_ms", round(1000 * self._intake.limits.header_seconds)),
                ("grpc.max_receive_message_length", self._intake.limits.decompressed_bytes),
                ("grpc.max_metadata_size", self._intake.limits.header_bytes),
                ("grpc.absolute_max_metadata_size", self._intake.limits.header_bytes),
                ("grpc.max_concurrent_streams", self._intake.limits.concurrent),
                ("grpc.max_allowed_incoming_connections", self._intake.limits.connections),
            )
        )
        self._server.add_generic_rpc_handlers((_Methods(self._handler),))
        # gRPC says no more than "failed to bind", and on the terminal: a socket of ours finds out why not, in time.
        listening_socket(self._host, self.port, "--otlp-grpc-port").close()
        host = f"[{self._host}]" if ":" in self._host else self._host
        try:
            self.port = self._bind(f"{host}:{self.port}")
        except RuntimeError as error:
            raise Refused(f"port {self.port} on {self._host} cannot be opened: {error}") from error
        await self._server.start()

    def _bind(self, address: str) -> int:
        if self._tls is None:
            return int(self._server.add_insecure_port(address))
        served = _Certificates(self._tls)
        credentials = grpc.dynamic_ssl_server_credentials(served.now(), served.renewed)
        return int(self._server.add_secure_port(address, credentials))

    async def stop(self, grace_seconds: float = 5.0) -> None:
        """Take no more requests, let running ones end."""
        if self._server is not None:
            await self._server.stop(grace_seconds)
            self._server = None

    def _handler(self, method: str, metadata: Any) -> Any:
        """What answers a call, of which nothing but this is known yet; None for an unknown method."""
        signal = _SIGNALS.get(method)
        if signal is None and method not in _UNSUPPORTED:
            return None
        try:
            if signal is None:
                raise Refusal("not_supported", "this signal is not supported: send traces and logs")
            principal = self._intake.principal(_authorization(metadata))
            self._intake.check_room()
        except Refusal as refusal:
            return grpc.stream_unary_rpc_method_handler(partial(self._refuse, refusal))
        return grpc.unary_unary_rpc_method_handler(partial(self._export, signal, principal))

    async def _export(self, signal: Signal, principal: Principal, body: bytes, context: Any) -> bytes:
        limits = self._intake.limits
        try:
            with self._intake.request() as running:
                running.hold(len(body))
                accepted = await accept_aside(signal, body, limits.nesting, self._intake.aside)
                await self._intake.store(principal, accepted, _PROTOCOL)
        except Refused as error:
            await self._abort(context, self._intake.refused(error, _PROTOCOL))
            return b""
        return bytes(response_of(accepted, limits.nesting).SerializeToString()) if accepted.rejected else b""

    async def _refuse(self, refusal: Refusal, _unread: AsyncIterator[bytes], context: Any) -> bytes:
        await self._abort(context, self._intake.refused(refusal, _PROTOCOL))
        return b""

    async def _abort(self, context: Any, refusal: Refusal) -> None:
        status = status_of(refusal, self._intake.limits.retry_seconds)
        await context.abort(
            _CODES[refusal.answer.code],
            str(refusal),
            trailing_metadata=(("grpc-status-details-bin", status.SerializeToString()),),
        )


class _Methods(grpc.GenericRpcHandler):  # type: ignore[misc]  # gRPC has no types
    """Asks for what answers a call as soon as its metadata is there."""

    def __init__(self, handler: Callable[[str, Any], Any]) -> None:
        self._handler = handler

    def service(self, handler_call_details: Any) -> Any:
        return self._handler(handler_call_details.method, handler_call_details.invocation_metadata)


class _Certificates:
    """The certificate as gRPC asks for it, at each handshake."""

    def __init__(self, tls: Tls) -> None:
        self._tls = tls
        self._pair = tls.pair()

    def now(self) -> Any:
        """What it is served with at first."""
        return grpc.ssl_server_certificate_configuration([self._pair])

    def renewed(self) -> Any:
        """Another one, or None where it is the same as before."""
        if (pair := self._tls.pair()) == self._pair:
            return None
        self._pair = pair
        return self.now()


def _authorization(metadata: Any) -> str | None:
    for key, value in metadata or ():
        if key == "authorization":
            return value if isinstance(value, str) else value.decode("latin-1")
    return None

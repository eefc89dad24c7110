"""A connection that sends a byte now and then is closed; one that is only quiet between requests is not."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collector import IntakeLimits, Limits
from tests.collector.payloads import spans
from tests.collector.running import RunningCollector, wait_for

_BODY = spans(1).SerializeToString()
_HEAD = (
    b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n"
    b"content-length: " + str(len(_BODY)).encode() + b"\r\n"
)
_CHUNKED = (
    b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ntransfer-encoding: chunked\r\n\r\n"
)


@contextmanager
def _connected(tmp_path: Path, **limits: float) -> Iterator[tuple[socket.socket, RunningCollector]]:
    with (
        RunningCollector(None, tmp_path, limits=Limits(intake=IntakeLimits(**limits))) as running,  # type: ignore[arg-type]
        socket.create_connection(("127.0.0.1", running.collector.http_port), timeout=20) as connection,
    ):
        yield connection, running


def _trickle(connection: socket.socket, data: bytes) -> bytes:
    """Send a byte every 50 ms until the other side closes; what it said."""
    said = b""
    connection.setblocking(False)
    ends = time.monotonic() + 20
    for each in data:
        assert time.monotonic() < ends, "it was never closed"
        try:
            connection.sendall(bytes([each]))
            part = connection.recv(4096)
        except BlockingIOError:
            time.sleep(0.05)
            continue
        except ConnectionError:
            return said
        if not part:
            return said
        said += part
    raise AssertionError("all of it was taken")


def _answer(connection: socket.socket) -> bytes:
    said = b""
    while b"\r\n\r\n" not in said:
        said += connection.recv(4096)
    return said.partition(b"\r\n")[0]


def test_headers_that_trickle_in_are_cut_off(tmp_path: Path) -> None:
    with _connected(tmp_path, header_seconds=0.3) as (connection, running):
        said = _trickle(connection, b"POST /v1/traces HTTP/1.1\r\n" + b"x-header: value\r\n" * 1000)
        assert said.startswith(b"HTTP/1.1 408 ")
        assert running.collector.counters.value("accepted_requests") == 0
        assert running.collector.counters.value("refused_requests", reason="too_slow") == 1


def test_a_connection_without_any_request_is_closed(tmp_path: Path) -> None:
    with _connected(tmp_path, header_seconds=0.3) as (connection, _):
        assert connection.recv(1) == b""


def test_a_connection_may_rest_between_requests_and_not_within_the_next(tmp_path: Path) -> None:
    with _connected(tmp_path, header_seconds=0.3) as (connection, running):
        for _ in range(2):
            connection.sendall(_HEAD + b"\r\n" + _BODY)
            assert _answer(connection) == b"HTTP/1.1 200 OK"
            time.sleep(0.6)
        assert running.collector.counters.value("accepted_requests") == 2
        assert _trickle(connection, b"POST /v1/traces HTTP/1.1\r\n" + b"x-header: value\r\n" * 1000)


@pytest.mark.parametrize("rests", [0.0, 0.6])
def test_a_body_has_a_time_of_its_own(tmp_path: Path, rests: float) -> None:
    with _connected(tmp_path, header_seconds=0.3, body_seconds=1.0) as (connection, running):
        connection.sendall(_HEAD + b"\r\n")
        time.sleep(rests)
        connection.sendall(_BODY)
        assert _answer(connection) == b"HTTP/1.1 200 OK"
        connection.sendall(_HEAD + b"\r\n" + _BODY[:3])
        assert _answer(connection) == b"HTTP/1.1 408 Request Timeout"
        assert running.collector.counters.value("refused_requests", reason="too_slow") == 1


def test_a_body_that_goes_on_after_its_refusal_is_cut_off(tmp_path: Path) -> None:
    with _connected(tmp_path, header_seconds=0.3, request_bytes=10) as (connection, _):
        connection.sendall(_HEAD.replace(str(len(_BODY)).encode(), b"9000000") + b"\r\n")
        said = _trickle(connection, bytes(10_000))
        assert said.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("before", "answer"),
    [
        pytest.param(b"POST /v1/traces HTTP/1.1\r\nx-endless: ", b"HTTP/1.1 431 ", id="one header without end"),
        pytest.param(b"POST /v1/traces HTTP/1.1\r\n" + b"x-many: 1\r\n" * 100, b"HTTP/1.1 431 ", id="many headers"),
        pytest.param(b"POST /" + b"x" * 999, b"HTTP/1.1 431 ", id="a path without end"),
        pytest.param(_CHUNKED + b"0\r\nx-trailer: ", b"", id="a trailer without end"),
        pytest.param(_CHUNKED + b"1;extension=", b"", id="an extension of a chunk without end"),
    ],
)
def test_headers_without_end_take_no_memory(tmp_path: Path, before: bytes, answer: bytes) -> None:
    with _connected(tmp_path, header_bytes=20_000) as (connection, running):
        connection.sendall(before)
        said, sent = b"", 0
        with contextlib.suppress(ConnectionError):
            while sent < 50_000_000:
                connection.sendall(b"x" * 10_000)
                sent += 10_000
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(4096):
                said += part
        assert sent < 10_000_000  # what lies in the buffers of both sides included
        assert said.startswith(answer) or said == b""
        assert running.collector.counters.value("accepted_requests") == 0
        assert running.collector.counters.value("refused_requests", reason="headers_too_large") == bool(answer)


def test_what_is_no_http_is_counted_as_malformed(tmp_path: Path) -> None:
    with _connected(tmp_path) as (connection, running):
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01")
        assert _answer(connection) == b"HTTP/1.1 400 Bad Request"
        assert running.collector.counters.value("refused_requests", reason="malformed") == 1


def test_requests_one_after_another_are_not_taken_for_headers_without_end(tmp_path: Path) -> None:
    with _connected(tmp_path, header_bytes=2000) as (connection, running):
        connection.sendall((_HEAD + b"\r\n" + _BODY) * 200)
        wait_for(lambda: running.collector.counters.value("accepted_requests") == 200)


@pytest.mark.parametrize("apart", [False, True])
def test_a_sender_that_offers_http_2_is_answered_in_http_1_and_its_body_is_read(tmp_path: Path, apart: bool) -> None:
    offer = b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAEAAEAAAAIAAAAB\r\n"
    chunked = _CHUNKED[:-2] + offer + b"\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(_BODY), _BODY)
    with _connected(tmp_path) as (connection, running):
        for count, request in enumerate((_HEAD + offer + b"\r\n" + _BODY, chunked, _HEAD + b"\r\n" + _BODY), 1):
            cut = request.index(b"\r\n\r\n") + 4 if apart else len(request)
            connection.sendall(request[:cut])
            time.sleep(0.05 * apart)
            connection.sendall(request[cut:])
            assert _answer(connection) == b"HTTP/1.1 200 OK"
            assert running.collector.counters.value("accepted_items") == count
        connection.sendall((_HEAD + offer + b"\r\n" + _BODY) * 500)
        wait_for(lambda: running.collector.counters.value("accepted_items") == 503)


@pytest.mark.parametrize("sent", [b"", b"PRI * HTTP/2.0\r\n"])
def test_a_grpc_connection_that_does_not_begin_is_closed(tmp_path: Path, sent: bytes) -> None:
    limits = Limits(intake=IntakeLimits(header_seconds=0.5))
    with (
        RunningCollector(None, tmp_path, limits=limits) as running,
        socket.create_connection(("127.0.0.1", running.collector.grpc_port), timeout=30) as connection,
    ):
        connection.sendall(sent)
        said = b""
        while part := connection.recv(4096):
            said += part
        assert len(said) < 200

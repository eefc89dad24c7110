"""A `control.json` that a crash left behind is recognised, whoever answers at its address by now."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.platform import Platform, throughline
from throughline.control import Control
from throughline.settings import Settings, StoreSettings

Serving = Callable[[int, bytes], int]


@pytest.fixture
def serving() -> Iterator[Serving]:
    """Another program's HTTP server, which gives the same answer to everything; its port."""
    servers: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(status: int, body: bytes) -> int:
        class Another(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Another)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        servers.append((server, thread))
        return server.server_port

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


def left_behind(folder: Path, port: int) -> Path:
    """A folder whose platform has gone without taking its file away."""
    admin = f"http://127.0.0.1:{port}"
    folder.mkdir(exist_ok=True)
    Control(4711, admin, "token", "http://127.0.0.1:8080", "127.0.0.1:4317", "http://127.0.0.1:4318").write(folder)
    return folder


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b"<html>not here</html>"),
        (200, b"<html>welcome</html>"),
        (200, b""),
        (200, b"[1, 2]"),
        (200, b'{"detail": "ok"}'),
        (200, b'{"throughline": 4712}'),
        (401, b'{"detail": "the admin API needs the token in control.json"}'),
        (200, b"\xff\xfe\x00"),
    ],
)
def test_the_answer_of_another_program_is_none_of_ours(
    tmp_path: Path, serving: Serving, status: int, body: bytes
) -> None:
    assert Control.running(left_behind(tmp_path, serving(status, body))) is None


def test_an_address_where_nobody_says_anything_runs_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert Control.running(left_behind(tmp_path, silent.getsockname()[1])) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"pid": 1, "admin": "no address"}'])
def test_a_file_that_is_none_of_ours_runs_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "control.json").write_text(text)
    assert Control.running(tmp_path) is None


def test_commands_go_on_beside_another_program_and_find_the_platform_that_runs(
    tmp_path: Path, serving: Serving
) -> None:
    platform = Platform(tmp_path / "data")
    try:
        running = Control.running(tmp_path / "data")
        assert running is not None
        assert running.pid == platform.process.pid
    finally:
        platform.stop()
    folder = left_behind(tmp_path / "data", serving(404, b"not here"))
    done = throughline("status", "--data-dir", str(folder))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("not running")


def test_addresses_of_version_six_stand_in_brackets(tmp_path: Path) -> None:
    settings = Settings(StoreSettings(tmp_path), host="::1")
    assert settings.base_url == "http://[::1]:8080"
    assert settings.otlp_grpc == "[::1]:4317"
    assert settings.otlp_http == "http://[::1]:4318"

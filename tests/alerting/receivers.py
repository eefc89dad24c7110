"""Real receivers on this machine: a webhook over HTTP, a mail server over SMTP."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class WebhookReceiver:
    """Answers each POST with the next of `answers`, then 200 for ever; keeps what it took in `bodies`.

    An answer of 0 drops the connection. A body with `poison` in it is answered 500. `refused` counts what it did not
    take. While `gate` is clear it answers nobody.
    """

    def __init__(self, *answers: int, port: int = 0) -> None:
        self.answers = list(answers)
        self.bodies: list[dict[str, Any]] = []
        self.refused = 0
        self.poison = ""
        self.gate = threading.Event()
        self.gate.set()
        self.changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook?token=secret"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def alerts(self) -> list[tuple[str, str, str]]:
        """What it was told, in order: (status, verdict, key)."""
        return [
            (each["status"], each["annotations"]["verdict"], each["labels"]["key"])
            for body in self.bodies
            for each in body["alerts"]
        ]

    def expect(self, bodies: int = 0, refused: int = 0) -> None:
        """Wait until it has taken and refused so many; fails after a generous while."""
        with self.changed:
            self.changed.wait_for(lambda: len(self.bodies) >= bodies and self.refused >= refused, 30)
            assert len(self.bodies) >= bodies
            assert self.refused >= refused

    def take(self, body: bytes) -> int:
        self.gate.wait(30)
        with self.changed:
            answer = self.answers.pop(0) if self.answers else 200
            if self.poison and self.poison in body.decode():
                answer = 500
            if 200 <= answer < 300:
                self.bodies.append(json.loads(body))
            else:
                self.refused += 1
            self.changed.notify_all()
        return answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.headers["Content-Type"] == "application/json"
                answer = receiver.take(body)
                if answer:
                    self.send_response(answer)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Quiet."""

        return Handler


@contextmanager
def endless(head: bytes, more: bytes) -> Iterator[str]:
    """The address of a webhook that answers `head` and then `more`, a hundred times a second, until nobody listens.

    Without a head it answers before anything is asked.
    """
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def handle(self) -> None:
            if head:
                super().handle()
            else:
                self.do_POST()

        def do_POST(self) -> None:
            with suppress(OSError):
                self.wfile.write(head)
                while not over.wait(0.01):
                    self.wfile.write(more)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hook?token=secret"
    over.set()
    server.shutdown()
    server.server_close()
    thread.join()


class MailServer:
    """An SMTP server that takes every mail and keeps it in `mails`.

    `answers` are what it says first to a command (MAIL, RCPT or DATA) instead of taking it.
    """

    def __init__(self, **answers: list[str]) -> None:
        self.answers = answers
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.changed = threading.Condition()
        with socket.create_server(("127.0.0.1", 0)) as free:  # the controller connects to the port it is told
            self.port = free.getsockname()[1]
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._controller.stop()

    def _answer(self, command: str) -> str:
        answers = self.answers.get(command)
        return answers.pop(0) if answers else ""

    async def handle_MAIL(  # noqa: N802 - fixed name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self._answer("MAIL"):
            return answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - fixed name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self._answer("RCPT"):
            return answer
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - fixed name
        if answer := self._answer("DATA"):
            return answer
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        with self.changed:
            self.mails.append(mail)
            self.recipients += envelope.rcpt_tos
            self.changed.notify_all()
        return "250 OK"

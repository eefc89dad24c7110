"""Where messages leave the platform: the log, webhooks, mail, and through Apprise everything else it knows.

A channel sends one message and returns, or raises: `NotDelivered` where another try may help, `Undeliverable` where it
cannot. Errors name no more of a target than its host: addresses may carry secrets. Safe for several threads.
"""

from __future__ import annotations

import asyncio
import logging
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr, formatdate
from typing import Any, Protocol
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import apprise
import httpx
from apprise.conversion import html_to_text

from model import Refused, Unavailable

SMTP_VARIABLE = "THROUGHLINE_SMTP_URL"
TIMEOUT_SECONDS = 10.0
WHOLE_SECONDS = 30.0
"""How long a webhook, or a reply of a mail server, may take in all, however steadily it trickles in."""

_LOG = logging.getLogger("throughline.alerts")
_TRY_AGAIN = frozenset({408, 425, 429})
_ADDRESS = re.compile(r"[^\s<>,;:]+@[^\s<>,;:@]+")
_NOT_SIGNED_IN = frozenset({530, 534, 535})
"""Replies of mail servers that refuse us, not the mail (RFC 4954, section 6)."""


class NotDelivered(Unavailable):
    """The receiver did not take the message this time."""


class Undeliverable(Refused):
    """The receiver will not take this message, however often it is sent."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as a channel needs it: the receiver's address, a title of one line, the rendered body.

    `id` is the same whenever the message is sent again.
    """

    target: str
    title: str
    body: str
    id: str


class Channel(Protocol):
    """One kind of receiver."""

    def send(self, message: Outgoing) -> None:
        """Hand the message over; raises `NotDelivered` or `Undeliverable`. Returns within some tens of seconds."""
        ...


class LogChannel:
    """Each line of the body is a line of the log `throughline.alerts`: what fires as a warning, what ended as news."""

    def send(self, message: Outgoing) -> None:
        """Never fails."""
        for line in message.body.splitlines():
            _LOG.log(logging.INFO if line.startswith("Resolved") else logging.WARNING, "%s", line)


class WebhookChannel:
    """POSTs the body as JSON. Any 2xx is success; 4xx is final, except 408, 425 and 429. Redirects are not followed.

    Of an answer only the status is read: a receiver that sends without end fills no memory.
    """

    def __init__(self, timeout_seconds: float = TIMEOUT_SECONDS, whole_seconds: float = WHOLE_SECONDS) -> None:
        for name in ("httpx", "httpcore"):  # they log whole addresses, and those may carry tokens
            logging.getLogger(name).setLevel(logging.WARNING)
        self._timeout_seconds = timeout_seconds
        self._whole_seconds = whole_seconds
        self._tls = httpx.create_ssl_context()

    def send(self, message: Outgoing) -> None:
        """One POST."""
        try:
            status = asyncio.run(self._posted(message))
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise Undeliverable("The webhook's URL is not one that can be sent to.") from None
        except (httpx.HTTPError, TimeoutError) as error:
            raise NotDelivered(f"The webhook at {_host(message.target)} failed: {type(error).__name__}.") from None
        if 200 <= status < 300:
            return
        text = f"The webhook at {_host(message.target)} answered {status}."
        if 400 <= status < 500 and status not in _TRY_AGAIN:
            raise Undeliverable(text)
        raise NotDelivered(text)

    async def _posted(self, message: Outgoing) -> int:
        """The status of the answer; raises `TimeoutError` where it is not there in time."""
        headers = {"User-Agent": "Throughline", "Content-Type": "application/json"}
        async with (
            asyncio.timeout(self._whole_seconds),
            httpx.AsyncClient(verify=self._tls, timeout=self._timeout_seconds) as client,
            client.stream("POST", message.target, content=message.body.encode(), headers=headers) as answer,
        ):
            return answer.status_code


class EmailChannel:
    """HTML mail with a text part, over the SMTP server named by the variable `THROUGHLINE_SMTP_URL`.

    A mail that is sent again has the Message-ID it had, by which mail servers and people know it for the same.

    `smtp[s]://[user[:password]@]host[:port][?from=address][&mode=starttls|ssl|insecure]`: `smtps` is TLS from the start
    (port 465), `smtp` is STARTTLS where a user is given (port 587), else plain (port 25); `mode` decides otherwise. A
    server that refuses sender, recipient or mail with 5xx has the last word (RFC 5321, section 4.2.1).
    """

    def __init__(self, environ: Mapping[str, str], whole_seconds: float = WHOLE_SECONDS) -> None:
        self._environ = environ
        self._whole_seconds = whole_seconds

    def send(self, message: Outgoing) -> None:
        """One mail."""
        url = self._environ.get(SMTP_VARIABLE, "")
        if not url:
            raise NotDelivered(f"No mail server is known: set {SMTP_VARIABLE}.")
        server = _mail_server(url)
        try:
            with closing(_connected(server, self._whole_seconds)) as smtp:
                smtp.send_message(_mail(message, server))
                with suppress(OSError):  # it is taken, whatever comes now
                    smtp.quit()
        except OSError as error:
            code = _refusal(error)
            why = f"it answered {code}" if code else type(error).__name__
            text = f"The mail server {server.host}:{server.port} did not take the message: {why}."
            if 500 <= code < 600 and code not in _NOT_SIGNED_IN:
                raise Undeliverable(text) from None
            raise NotDelivered(text) from None


class AppriseChannel:
    """Sends text to the Apprise URL that is the value of the environment variable a receiver names."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        logging.getLogger("apprise").addFilter(_UNHEARD)

    def send(self, message: Outgoing) -> None:
        """One notification; a service with short messages may get it in parts."""
        url = self._environ.get(message.target, "")
        if not url:
            raise NotDelivered(f"The environment variable {message.target} is not set.")
        service = f"The service behind {message.target} ({urlsplit(url).scheme})"
        _notify(url, service, message)


class _Unheard(logging.Filter):
    """Apprise logs whole addresses, passwords with them, when it cannot read one: nothing it says is logged."""

    def filter(self, _record: logging.LogRecord) -> bool:
        """Never."""
        return False


_UNHEARD = _Unheard()


def channels(environ: Mapping[str, str]) -> dict[str, Channel]:
    """All kinds of receivers a catalog can name, and the log; secrets are read from `environ` when they are needed."""
    return {
        "log": LogChannel(),
        "webhook": WebhookChannel(),
        "email": EmailChannel(environ),
        "apprise_env": AppriseChannel(environ),
    }


def _notify(url: str, name: str, message: Outgoing) -> None:
    service = apprise.Apprise()
    try:
        if not service.add(url):
            raise NotDelivered(f"{name} cannot be used: Apprise does not understand its address.")
        accepted = service.notify(title=message.title, body=message.body, body_format=apprise.NotifyFormat.TEXT)
    except (TypeError, OSError) as error:
        raise NotDelivered(f"{name} failed: {type(error).__name__}.") from None
    if not accepted:
        raise NotDelivered(f"{name} did not take the message.")


@dataclass(frozen=True, slots=True)
class _MailServer:
    """Where mail goes, as whom, and how it is encrypted: `ssl`, `starttls` or `insecure`."""

    host: str
    port: int
    mode: str
    user: str
    password: str
    sender: str


def _mail_server(url: str) -> _MailServer:
    unread = NotDelivered(f"{SMTP_VARIABLE} must read smtp://host:port or smtps://user:password@host:port.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise unread from None
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    ports = {"ssl": 465, "starttls": 587, "insecure": 25}
    mode = options.get("mode") or _default_mode(parts)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or mode not in ports:
        raise unread
    user = unquote(parts.username or "")
    domain = (
        parts.hostname if parts.hostname.rpartition(".")[2].isalpha() else "localhost"
    )  # no mail from an IP address
    sender = options.get("from") or (user if "@" in user else f"throughline@{domain}")
    if not _ADDRESS.fullmatch(sender):
        raise NotDelivered(f"`from` in {SMTP_VARIABLE} must be a mail address alone, like throughline@example.org.")
    return _MailServer(parts.hostname, port or ports[mode], mode, user, unquote(parts.password or ""), sender)


class _Hurried(smtplib.SMTP):
    """Ends the connection where one reply takes too long in all."""

    def __init__(self, server: _MailServer, whole_seconds: float, **tls: Any) -> None:
        self._whole_seconds = whole_seconds
        super().__init__(server.host, server.port, timeout=TIMEOUT_SECONDS, **tls)

    def getreply(self) -> tuple[int, bytes]:
        """As the base class; raises `SMTPServerDisconnected` where the time is over."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("There is no connection.")
        limit = threading.Timer(self._whole_seconds, _cut, (self.sock,))
        limit.daemon = True
        limit.start()
        try:
            return super().getreply()
        finally:
            limit.cancel()


class _HurriedTls(_Hurried, smtplib.SMTP_SSL):
    """The same with TLS from the start."""


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):  # it is closed already
        connection.shutdown(socket.SHUT_RDWR)


def _connected(server: _MailServer, whole_seconds: float) -> smtplib.SMTP:
    if server.mode == "ssl":
        smtp: _Hurried = _HurriedTls(server, whole_seconds, context=ssl.create_default_context())
    else:
        smtp = _Hurried(server, whole_seconds)
    try:
        if server.mode == "starttls":
            smtp.starttls(context=ssl.create_default_context())
        if server.user:
            smtp.login(server.user, server.password)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _mail(message: Outgoing, server: _MailServer) -> EmailMessage:
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    mail["Subject"] = message.title
    mail["From"] = formataddr(("Throughline", server.sender))
    mail["To"] = message.target
    mail["Date"] = formatdate()
    mail["Message-ID"] = f"<{message.id}@{server.sender.rpartition('@')[2]}>"
    mail.set_content(html_to_text(message.body))
    mail.add_alternative(message.body, subtype="html")
    return mail


def _refusal(error: OSError) -> int:
    """The reply that refused sender, recipient or mail; 0 where none did."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return max((code for code, _ in error.recipients.values()), default=0)
    if isinstance(error, (smtplib.SMTPSenderRefused, smtplib.SMTPDataError)):
        return error.smtp_code
    return 0


def _default_mode(parts: SplitResult) -> str:
    if parts.scheme == "smtps":
        return "ssl"
    return "starttls" if parts.username else "insecure"


def _host(url: str) -> str:
    return urlsplit(url).hostname or "an unknown host"

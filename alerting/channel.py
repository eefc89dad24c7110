"""Where messages leave the platform: the log, webhooks, and through Apprise mail and everything else it knows.

A channel sends one message and returns, or raises: `NotDelivered` where another try may help, `Undeliverable` where it
cannot. Errors name no more of a target than its host: addresses may carry secrets. Safe for several threads.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import apprise
import httpx

from model import Refused, Unavailable

SMTP_VARIABLE = "THROUGHLINE_SMTP_URL"
TIMEOUT_SECONDS = 10.0
_LOG = logging.getLogger("throughline.alerts")
_TRY_AGAIN = frozenset({408, 425, 429})


class NotDelivered(Unavailable):
    """The receiver did not take the message this time."""


class Undeliverable(Refused):
    """The receiver will not take this message, however often it is sent."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as a channel needs it: the receiver's address, a title of one line, the rendered body."""

    target: str
    title: str
    body: str


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
    """POSTs the body as JSON. Any 2xx is success; 4xx is final, except 408, 425 and 429. Redirects are not followed."""

    def __init__(self, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        for name in ("httpx", "httpcore"):  # they log whole addresses, and those may carry tokens
            logging.getLogger(name).setLevel(logging.WARNING)
        self._client = httpx.Client(timeout=timeout_seconds, headers={"User-Agent": "Throughline"})

    def send(self, message: Outgoing) -> None:
        """One POST."""
        try:
            answer = self._client.post(
                message.target, content=message.body.encode(), headers={"Content-Type": "application/json"}
            )
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise Undeliverable("The webhook's URL is not one that can be sent to.") from None
        except httpx.HTTPError as error:
            raise NotDelivered(f"The webhook at {_host(message.target)} failed: {type(error).__name__}.") from None
        if answer.is_success:
            return
        text = f"The webhook at {_host(message.target)} answered {answer.status_code}."
        if answer.is_client_error and answer.status_code not in _TRY_AGAIN:
            raise Undeliverable(text)
        raise NotDelivered(text)


class EmailChannel:
    """HTML mail with a text part, over the SMTP server named by the variable `THROUGHLINE_SMTP_URL`.

    `smtp[s]://[user[:password]@]host[:port][?from=address][&mode=starttls|ssl|insecure]`: `smtps` is TLS from the start
    (port 465), `smtp` is STARTTLS where a user is given (port 587), else plain (port 25); `mode` decides otherwise.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        logging.getLogger("apprise").addFilter(_UNHEARD)

    def send(self, message: Outgoing) -> None:
        """One mail."""
        url = self._environ.get(SMTP_VARIABLE, "")
        if not url:
            raise NotDelivered(f"No mail server is known: set {SMTP_VARIABLE}.")
        target = _smtp_target(url, message.target)
        _notify(target, f"The mail server {target['host']}:{target['port']}", message, apprise.NotifyFormat.HTML)


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
        _notify(url, service, message, apprise.NotifyFormat.TEXT)


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


def _notify(target: str | dict[str, Any], name: str, message: Outgoing, body_format: apprise.NotifyFormat) -> None:
    service = apprise.Apprise()
    try:
        if not service.add(target):
            raise NotDelivered(f"{name} cannot be used: Apprise does not understand its address.")
        accepted = service.notify(title=message.title, body=message.body, body_format=body_format)
    except (TypeError, OSError) as error:
        raise NotDelivered(f"{name} failed: {type(error).__name__}.") from None
    if not accepted:
        raise NotDelivered(f"{name} did not take the message.")


def _smtp_target(url: str, address: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise NotDelivered(f"{SMTP_VARIABLE} must read smtp://host:port or smtps://user:password@host:port.")
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    user = unquote(parts.username or "")
    mode = options.get("mode") or _default_mode(parts)
    ports = {"ssl": 465, "starttls": 587, "insecure": 25}
    domain = (
        parts.hostname if parts.hostname.rpartition(".")[2].isalpha() else "localhost"
    )  # no mail from an IP address
    sender = options.get("from") or (user if "@" in user else f"throughline@{domain}")
    target: dict[str, Any] = {
        "schema": "mailto" if mode == "insecure" else "mailtos",
        "host": parts.hostname,
        "port": parts.port or ports.get(mode, 25),
        "smtp_host": parts.hostname,
        "secure_mode": mode,
        "from_addr": sender,
        "targets": [address],
        "format": "html",
    }
    if user:
        target |= {"user": user, "password": unquote(parts.password or "")}
    return target


def _default_mode(parts: SplitResult) -> str:
    if parts.scheme == "smtps":
        return "ssl"
    return "starttls" if parts.username else "insecure"


def _host(url: str) -> str:
    return urlsplit(url).hostname or "an unknown host"

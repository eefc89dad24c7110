"""Messages arrive at real receivers; what fails says whether another try may help, and never shows an address."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

import pytest

from alerting.channel import (
    AppriseChannel,
    EmailChannel,
    LogChannel,
    NotDelivered,
    Outgoing,
    Undeliverable,
    WebhookChannel,
    channels,
)
from model import ThroughlineError
from tests.alerting.receivers import MailServer, WebhookReceiver, endless


def test_a_webhook_takes_the_body_as_it_is_and_its_address_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with WebhookReceiver() as receiver:
        WebhookChannel().send(Outgoing(receiver.url, "t", '{"alerts": [], "text": "ü€"}', "m1"))
        assert receiver.bodies == [{"alerts": [], "text": "ü€"}]
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    ("answer", "error"),
    [(500, NotDelivered), (503, NotDelivered), (429, NotDelivered), (408, NotDelivered), (0, NotDelivered),
     (302, NotDelivered), (400, Undeliverable), (401, Undeliverable), (404, Undeliverable)],
)  # fmt: skip
def test_an_answer_says_whether_to_try_again(answer: int, error: type[ThroughlineError]) -> None:
    with WebhookReceiver(answer) as receiver, pytest.raises(error) as caught:
        WebhookChannel().send(Outgoing(receiver.url, "t", "{}", "m1"))
    assert caught.value.retryable == (error is NotDelivered)
    assert "secret" not in str(caught.value)


def test_a_webhook_nobody_listens_at_may_come_back() -> None:
    with WebhookReceiver() as receiver:
        url = receiver.url
    with pytest.raises(NotDelivered, match=r"127\.0\.0\.1 failed") as caught:
        WebhookChannel().send(Outgoing(url, "t", "{}", "m1"))
    assert "secret" not in str(caught.value)


def test_a_webhook_that_never_answers_is_given_up_for_this_time() -> None:
    with WebhookReceiver() as receiver:
        receiver.gate.clear()
        with pytest.raises(NotDelivered, match="ReadTimeout"):
            WebhookChannel(timeout_seconds=0.2).send(Outgoing(receiver.url, "t", "{}", "m1"))


def test_a_webhook_whose_answer_never_ends_has_taken_the_message() -> None:
    with endless(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", b"x") as url:
        WebhookChannel().send(Outgoing(url, "t", "{}", "m1"))


def test_a_webhook_that_trickles_is_given_up_for_this_time() -> None:
    with (
        endless(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x") as url,
        pytest.raises(NotDelivered, match="TimeoutError") as caught,
    ):
        WebhookChannel(whole_seconds=0.2).send(Outgoing(url, "t", "{}", "m1"))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["ftp://host/x", "nonsense", "http://[::1"])
def test_an_address_that_is_none_is_final(url: str) -> None:
    with pytest.raises(Undeliverable):
        WebhookChannel().send(Outgoing(url, "t", "{}", "m1"))


def test_mail_has_html_and_text_for_every_reader() -> None:
    with MailServer() as server:
        environ = {"THROUGHLINE_SMTP_URL": f"smtp://127.0.0.1:{server.port}?from=throughline@example.org"}
        EmailChannel(environ).send(Outgoing("ops@example.org", "Breached: ü SO-1", "<p>Order <b>SO-1</b> ü€</p>", "m1"))
        (mail,) = server.mails
    assert server.recipients == ["ops@example.org"]
    assert mail["Subject"] == "Breached: ü SO-1"
    assert "throughline@example.org" in mail["From"]
    html = mail.get_body(("html",))
    text = mail.get_body(("plain",))
    assert html is not None
    assert text is not None
    assert "<b>SO-1</b> ü€" in html.get_content()
    assert "SO-1 ü€" in text.get_content()
    assert "<b>" not in text.get_content()


def test_a_mail_that_is_sent_again_is_known_for_the_same() -> None:
    with MailServer() as server:
        environ = {"THROUGHLINE_SMTP_URL": f"smtp://127.0.0.1:{server.port}?from=throughline@example.org"}
        for message_id in ("m1", "m1", "m2"):
            EmailChannel(environ).send(Outgoing("ops@example.org", "t", "<p>x</p>", message_id))
        ids = [mail["Message-ID"] for mail in server.mails]
    assert ids == ["<m1@example.org>", "<m1@example.org>", "<m2@example.org>"]


def test_a_mail_server_that_trickles_is_given_up_for_this_time() -> None:
    with endless(b"", b"220-wait\r\n") as url:
        port = urlsplit(url).port
        channel = EmailChannel({"THROUGHLINE_SMTP_URL": f"smtp://127.0.0.1:{port}"}, whole_seconds=0.2)
        with pytest.raises(NotDelivered, match="did not take the message"):
            channel.send(Outgoing("ops@example.org", "t", "<p>x</p>", "m1"))


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param("550 5.1.1 secret", Undeliverable, id="a mail refused for good is not tried again"),
        pytest.param("554 5.7.1 secret", Undeliverable, id="nor is one that breaks a rule"),
        pytest.param("451 4.3.0 secret", NotDelivered, id="a mail refused for now is"),
        pytest.param("530 5.7.0 secret", NotDelivered, id="so it is where we are refused and not the mail"),
    ],
)
def test_a_mail_servers_refusal_says_whether_to_try_again(
    command: str, answer: str, error: type[ThroughlineError]
) -> None:
    with MailServer(**{command: [answer]}) as server:
        channel = EmailChannel({"THROUGHLINE_SMTP_URL": f"smtp://127.0.0.1:{server.port}"})
        with pytest.raises(error, match=f"answered {answer[:3]}") as caught:
            channel.send(Outgoing("ops@example.org", "t", "<p>x</p>", "m1"))
        assert "secret" not in str(caught.value)
        channel.send(Outgoing("ops@example.org", "t", "<p>x</p>", "m1"))
        assert server.recipients == ["ops@example.org"]


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        pytest.param({}, "set THROUGHLINE_SMTP_URL", id="no server is known"),
        pytest.param(
            {"THROUGHLINE_SMTP_URL": "http://user:secret@host"}, "must read smtp", id="not a mail server's URL"
        ),
        pytest.param({"THROUGHLINE_SMTP_URL": "smtp://user:secret@host:port"}, "must read smtp", id="no port"),
        pytest.param(
            {"THROUGHLINE_SMTP_URL": "smtp://user:secret@host?from=Ops%20%3Cops@example.org%3E"},
            "must be a mail address",
            id="a sender with a name",
        ),
        pytest.param({"THROUGHLINE_SMTP_URL": "smtp://user:secret@127.0.0.1:1"}, "did not take", id="nobody listens"),
    ],
)
def test_mail_that_cannot_be_sent_now_is_tried_again_and_no_secret_shows(
    environ: dict[str, str], message: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(NotDelivered, match=message) as caught:
        EmailChannel(environ).send(Outgoing("ops@example.org", "t", "<p>x</p>", "m1"))
    assert "secret" not in str(caught.value)
    assert "secret" not in caplog.text


def test_apprise_sends_text_to_the_address_a_variable_holds() -> None:
    with WebhookReceiver() as receiver:
        environ = {"OPS_CHAT_URL": f"json://127.0.0.1:{receiver.port}/"}
        AppriseChannel(environ).send(Outgoing("OPS_CHAT_URL", "Breached: SO-1", "Order SO-1 <ü>\nOwner: ops", "m1"))
        ((body),) = receiver.bodies
    assert body["title"] == "Breached: SO-1"
    assert body["message"] == "Order SO-1 <ü>\nOwner: ops"


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        pytest.param({}, "OPS_CHAT_URL is not set", id="the variable is not set"),
        pytest.param({"OPS_CHAT_URL": "nonsense://secret"}, "cannot be used", id="not an address Apprise knows"),
        pytest.param({"OPS_CHAT_URL": "json://user:secret@127.0.0.1:1/"}, "did not take", id="nobody listens"),
    ],
)
def test_a_service_that_is_away_is_tried_again_and_no_secret_shows(
    environ: dict[str, str], message: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(NotDelivered, match=message) as caught:
        AppriseChannel(environ).send(Outgoing("OPS_CHAT_URL", "t", "x", "m1"))
    assert "secret" not in str(caught.value)
    assert "secret" not in caplog.text


def test_the_log_has_a_line_for_each_alert(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    LogChannel().send(Outgoing("", "t", "Breached: a 100%\nResolved: b", "m1"))
    assert [(each.name, each.levelname, each.getMessage()) for each in caplog.records] == [
        ("throughline.alerts", "WARNING", "Breached: a 100%"),
        ("throughline.alerts", "INFO", "Resolved: b"),
    ]


def test_there_is_a_channel_for_every_kind_of_receiver_a_catalog_can_name() -> None:
    assert set(channels({})) == {"log", "webhook", "email", "apprise_env"}

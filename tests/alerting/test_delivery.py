"""Recorded messages reach real receivers: in order, retried, over a restart; no receiver holds up another."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from alerting.channel import Channel, Outgoing, WebhookChannel
from alerting.delivery import PASSED_AFTER, Delivery
from alerting.outbox import Outbox, Waiting
from alerting.pipeline import Message
from alerting.retry import RetryPolicy
from model import ManualClock, Receiver
from store import Store
from tests.alerting.examples import NOW, TENANT
from tests.alerting.receivers import WebhookReceiver

QUICK = RetryPolicy(first=timedelta(milliseconds=10), longest=timedelta(milliseconds=20))


class Hearing:
    """A channel that keeps what it is given, in order."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.changed = threading.Condition()

    def send(self, message: Outgoing) -> None:
        with self.changed:
            self.heard.append((message.target, message.title))
            self.changed.notify_all()

    def expect(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.heard) >= count, 30), self.heard


class Faulty:
    """A channel with a fault in it."""

    def send(self, message: Outgoing) -> None:
        raise RuntimeError(f"fault with {message.target}")


def a_message(title: str, target: str = "a", kind: str = "hearing", about: str = "alert-1") -> Message:
    return Message(Receiver(kind, target), "all", "g", (about,), (f"1:{title}",), title, f'{{"title": "{title}"}}')


@contextmanager
def delivering(store: Store, channels: dict[str, Channel], **options: Any) -> Iterator[Delivery]:
    delivery = Delivery(Outbox(store), ManualClock(NOW), channels, policy=options.pop("policy", QUICK), **options)
    delivery.start()
    try:
        yield delivery
    finally:
        delivery.stop()


def recorded(store: Store, *messages: Message) -> list[Waiting]:
    return Outbox(store).add(TENANT, messages, NOW)


def states(store: Store) -> list[tuple[int, str]]:
    rows = store.rows("SELECT attempt, state FROM notifications ORDER BY message_id, attempt")
    return [(row["attempt"], row["state"]) for row in rows]


def settled(store: Store) -> None:
    """Wait until nothing is undelivered: what was sent is recorded a moment later."""
    waiter = threading.Event()
    for _ in range(600):
        if not Outbox(store).undelivered(1):
            return
        waiter.wait(0.05)
    raise AssertionError(Outbox(store).undelivered(10))


def test_a_webhook_that_is_down_at_first_gets_the_message_once_it_is_back(store: Store) -> None:
    with WebhookReceiver(503, 0, 500) as receiver, delivering(store, {"webhook": WebhookChannel()}) as delivery:
        delivery.offer(recorded(store, a_message("m", receiver.url, "webhook")))
        receiver.expect(bodies=1)
        settled(store)
        assert receiver.bodies == [{"title": "m"}]
        assert delivery.counts() == {("webhook", "failed"): 3, ("webhook", "delivered"): 1}
    assert states(store) == [(0, "queued"), (1, "failed"), (2, "failed"), (3, "failed"), (4, "delivered")]
    errors = store.rows("SELECT error FROM notifications WHERE state = 'failed' ORDER BY attempt")
    assert [row["error"] for row in errors] == [
        "The webhook at 127.0.0.1 answered 503.",
        "The webhook at 127.0.0.1 failed: RemoteProtocolError.",
        "The webhook at 127.0.0.1 answered 500.",
    ]


def test_what_a_process_left_undelivered_the_next_one_delivers(store: Store) -> None:
    waiting = recorded(store, a_message("m1"), a_message("m2"))
    hearing = Hearing()
    with delivering(store, {"hearing": hearing}):
        hearing.expect(2)
        settled(store)
    with delivering(store, {"hearing": hearing}) as delivery:
        delivery.offer(recorded(store, a_message("m3")))
        hearing.expect(3)
        settled(store)
    assert hearing.heard == [("a", "m1"), ("a", "m2"), ("a", "m3")]
    assert len({each.message_id for each in waiting}) == 2


def test_a_table_that_cannot_be_read_for_a_while_stops_nothing_for_good(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("alerting.delivery._STORE_AWAY_SECONDS", 0.05)
    hearing = Hearing()
    recorded(store, a_message("m"))
    store.execute("RENAME TABLE notifications TO elsewhere")
    with delivering(store, {"hearing": hearing}, workers=1):
        waiter = threading.Event()
        while "cannot be read" not in caplog.text:
            waiter.wait(0.01)
        store.execute("RENAME TABLE elsewhere TO notifications")
        hearing.expect(1)
        settled(store)


def test_a_retry_continues_counting_after_a_restart(store: Store) -> None:
    with WebhookReceiver(503) as receiver:
        slow = RetryPolicy(first=timedelta(hours=1), longest=timedelta(hours=1))
        with delivering(store, {"webhook": WebhookChannel()}, policy=slow) as delivery:
            delivery.offer(recorded(store, a_message("m", receiver.url, "webhook")))
            receiver.expect(refused=1)
        (left,) = Outbox(store).undelivered(10)
        assert left.attempts == 1
        assert left.due_at is not None
        assert timedelta(minutes=30) <= left.due_at - NOW <= timedelta(hours=1)
        delivery = Delivery(Outbox(store), ManualClock(NOW + timedelta(hours=2)), {"webhook": WebhookChannel()})
        delivery.start()
        receiver.expect(bodies=1)
        settled(store)
        delivery.stop()
    assert states(store) == [(0, "queued"), (1, "failed"), (2, "delivered")]


def test_messages_to_one_receiver_keep_their_order_even_when_the_first_fails(store: Store) -> None:
    with WebhookReceiver(503, 503) as receiver, delivering(store, {"webhook": WebhookChannel()}) as delivery:
        delivery.offer(recorded(store, *[a_message(f"m{n}", receiver.url, "webhook") for n in range(5)]))
        receiver.expect(bodies=5)
        assert receiver.bodies == [{"title": f"m{n}"} for n in range(5)]


def test_a_message_that_is_never_taken_is_passed_by_those_about_other_alerts(store: Store) -> None:
    with WebhookReceiver() as receiver, delivering(store, {"webhook": WebhookChannel()}) as delivery:
        receiver.poison = "breach of a"
        about = (("breach of a", "a"), ("end of a", "a"), ("breach of b", "b"), ("end of b", "b"))
        delivery.offer(recorded(store, *[a_message(each, receiver.url, "webhook", alert) for each, alert in about]))
        receiver.expect(bodies=2, refused=PASSED_AFTER)
        receiver.expect(refused=receiver.refused + 2)
        assert receiver.bodies == [{"title": "breach of b"}, {"title": "end of b"}]
        delivery.offer(recorded(store, a_message("breach of c", receiver.url, "webhook", "c")))
        receiver.expect(bodies=3)
        receiver.poison = ""
        receiver.expect(bodies=5)
        settled(store)
    assert [body["title"] for body in receiver.bodies[2:]] == ["breach of c", "breach of a", "end of a"]


def test_before_some_tries_no_message_is_passed(store: Store) -> None:
    failing = [503] * (PASSED_AFTER - 1)
    with WebhookReceiver(*failing) as receiver, delivering(store, {"webhook": WebhookChannel()}) as delivery:
        delivery.offer(recorded(store, *[a_message(each, receiver.url, "webhook", each) for each in "abc"]))
        receiver.expect(bodies=3)
        settled(store)
    assert receiver.bodies == [{"title": each} for each in "abc"]


def test_a_message_read_back_is_the_one_that_was_recorded(store: Store) -> None:
    waiting = recorded(store, a_message("m1", about="a"), a_message("m2", about="c"), a_message("m3", "b", about="b"))
    assert Outbox(store).undelivered(10) == waiting
    assert Outbox(store).undelivered(1) == [waiting[0], waiting[2]]
    assert Outbox(store).undelivered(10, NOW) == waiting
    assert Outbox(store).undelivered(10, NOW + timedelta(hours=1)) == []


def test_a_receiver_that_does_not_answer_holds_up_nobody_else(store: Store) -> None:
    hearing = Hearing()
    with WebhookReceiver() as stuck, delivering(store, {"webhook": WebhookChannel(30), "hearing": hearing}) as delivery:
        stuck.gate.clear()
        delivery.offer(recorded(store, a_message("m1", stuck.url, "webhook")))
        delivery.offer(recorded(store, *[a_message(f"m{n}") for n in range(3)]))
        hearing.expect(3)
        assert stuck.bodies == []
        stuck.gate.set()
        stuck.expect(bodies=1)


def test_a_message_the_receiver_refuses_is_given_up_and_the_next_one_goes(store: Store) -> None:
    with WebhookReceiver(400) as receiver, delivering(store, {"webhook": WebhookChannel()}) as delivery:
        delivery.offer(
            recorded(store, a_message("bad", receiver.url, "webhook"), a_message("good", receiver.url, "webhook"))
        )
        receiver.expect(bodies=1)
        settled(store)
        assert receiver.bodies == [{"title": "good"}]
    assert states(store) == [(0, "queued"), (1, "abandoned"), (0, "queued"), (1, "delivered")]


@pytest.mark.parametrize(
    ("policy", "tries"),
    [
        pytest.param(RetryPolicy(first=timedelta(0), attempts=3), 3, id="after so many tries"),
        pytest.param(RetryPolicy(first=timedelta(0), age=timedelta(0), grace=timedelta(0)), 1, id="once it is too old"),
    ],
)
def test_a_receiver_that_stays_away_is_given_up(store: Store, policy: RetryPolicy, tries: int) -> None:
    with delivering(store, {"faulty": Faulty()}, policy=policy) as delivery:
        delivery.offer(recorded(store, a_message("m", "secret", "faulty")))
        settled(store)
    assert delivery.waiting() == 0
    assert states(store) == [(0, "queued"), *((n, "failed") for n in range(1, tries)), (tries, "abandoned")]
    assert (
        store.value("SELECT error FROM notifications WHERE state = 'abandoned'") == "The channel raised RuntimeError."
    )


def test_what_got_too_old_while_nobody_sent_is_not_given_up_at_its_first_try(store: Store) -> None:
    with WebhookReceiver(503, 503) as receiver:
        Outbox(store).add(TENANT, [a_message("old", receiver.url, "webhook")], NOW - timedelta(days=3))
        with delivering(store, {"webhook": WebhookChannel()}):
            receiver.expect(bodies=1)
            settled(store)
    assert states(store) == [(0, "queued"), (1, "failed"), (2, "failed"), (3, "delivered")]


def test_a_kind_without_a_channel_is_given_up_with_the_reason(store: Store) -> None:
    with delivering(store, {}) as delivery:
        delivery.offer(recorded(store, a_message("m", kind="pigeon")))
        settled(store)
    assert "no channel" in store.value("SELECT error FROM notifications WHERE state = 'abandoned'")


def test_a_full_queue_takes_nothing_more_and_loses_nothing(store: Store) -> None:
    hearing = Hearing()
    gate = threading.Event()

    class Gated(Hearing):
        def send(self, message: Outgoing) -> None:
            gate.wait(30)
            hearing.send(message)

    outbox = Outbox(store)
    with delivering(store, {"hearing": Gated()}, capacity=2) as delivery:
        for n in range(10):
            delivery.offer(outbox.add(TENANT, [a_message(f"m{n:02}", "ab"[n % 2])], NOW))
            assert delivery.waiting() <= 4
        gate.set()
        hearing.expect(10)
        settled(store)
    for target in "ab":
        titles = [title for receiver, title in hearing.heard if receiver == target]
        assert titles == sorted(titles)
    assert sorted(title for _, title in hearing.heard) == [f"m{n:02}" for n in range(10)]


def test_however_much_waits_for_a_receiver_that_is_down_others_are_told(store: Store) -> None:
    hearing = Hearing()
    with delivering(store, {"hearing": hearing, "faulty": Faulty()}, capacity=2) as delivery:
        for n in range(6):
            delivery.offer(recorded(store, a_message(f"down {n}", "x", "faulty")))
        delivery.offer(recorded(store, a_message("m1")))
        hearing.expect(1)
        delivery.read_back()
        delivery.offer(recorded(store, a_message("m2")))
        hearing.expect(2)
    assert len(Outbox(store).undelivered(10)) == 6


def test_however_many_receivers_are_down_others_are_told(store: Store) -> None:
    hearing = Hearing()
    gate = threading.Event()
    stuck = threading.Semaphore(0)
    tried: set[str] = set()

    class Down:
        """Refuses at once at first, and keeps who tries again waiting."""

        def send(self, message: Outgoing) -> None:
            if message.target in tried:
                stuck.release()
                gate.wait(60)
            tried.add(message.target)
            raise RuntimeError

    with delivering(store, {"hearing": hearing, "down": Down()}) as delivery:
        delivery.offer(recorded(store, *[a_message("m", f"down {n}", "down") for n in range(8)]))
        for _ in range(2):
            assert stuck.acquire(timeout=30)
        delivery.offer(recorded(store, a_message("m")))
        hearing.expect(1)
        gate.set()


def test_stopping_before_starting_and_twice_does_no_harm(store: Store) -> None:
    delivery = Delivery(Outbox(store), ManualClock(NOW), {})
    delivery.stop()
    delivery.stop()

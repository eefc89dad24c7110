"""A web framework in a nutshell: routes, a server span around each request, a client span around each call.

It does what `opentelemetry-instrumentation-fastapi` and `-requests` do for a real system; the systems in
`sample_flows.systems` add what only they can know, their business attributes and events. Requests travel over HTTP
between processes, or directly between systems in one process; what is reported is the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from http.client import HTTPConnection, HTTPException
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from opentelemetry import context as otel
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.trace import Link, SpanKind, Status, StatusCode, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from sample_flows.moment import Moment, Pace
from sample_flows.telemetry import Telemetry

PROPAGATOR = CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()])
ATTEMPTS = 2
Payload = dict[str, Any]
Handler = Callable[..., Payload]


class Answer(NamedTuple):
    """An HTTP status and a JSON body."""

    status: int
    payload: Payload


class Transport(Protocol):
    """Takes a request to a system and brings back its answer."""

    def send(self, system: str, path: str, headers: Mapping[str, str], payload: Payload) -> Answer:
        """Raises OSError where the system cannot be reached."""
        ...


class Unavailable(Exception):
    """A system did not answer, or not with success."""


class App:
    """One system's routes. Without telemetry (a SaaS) it answers just the same and reports no spans."""

    def __init__(self, name: str, telemetry: Telemetry | None = None) -> None:
        self.name = name
        self._telemetry = telemetry
        self._routes: list[tuple[re.Pattern[str], str, Handler]] = []
        self._queues: dict[str, Handler] = {}
        self.inbox: dict[tuple[str, str], dict[str, str]] = {}

    def post(self, path: str) -> Callable[[Handler], Handler]:
        """Route POST requests of that path to a handler; `{name}` in it is an argument after the payload."""
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))

        def register(handler: Handler) -> Handler:
            self._routes.append((pattern, path, handler))
            return handler

        return register

    def consume(self, topic: str) -> Callable[[Handler], Handler]:
        """Hand the messages of a topic to a handler, one at a time."""

        def register(handler: Handler) -> Handler:
            self._queues[topic] = handler
            return handler

        return register

    def handle(self, path: str, headers: Mapping[str, str], payload: Payload) -> Answer:
        """Answer one request in the trace, and at the time, of the caller."""
        place, _, topic = path.strip("/").partition("/")
        if place == "inbox":
            self.inbox[topic, str(payload["id"])] = payload["headers"]
            return Answer(202, {})
        if place == "queues" and topic in self._queues:
            return self._work_off(topic, headers, payload)
        for pattern, route, handler in self._routes:
            if match := pattern.fullmatch(path):
                return self._answer(route, headers, lambda: handler(payload, **match.groupdict()))  # noqa: B023
        return Answer(404, {"detail": f"{self.name} has no POST {path}"})

    def _answer(self, route: str, headers: Mapping[str, str], work: Callable[[], Payload]) -> Answer:
        context = PROPAGATOR.extract(headers, otel.Context())
        parent = get_current_span(context).get_span_context().span_id
        pace = Pace(Moment.of(context), f"{self.name}|{parent:x}")
        token = otel.attach(pace.into(context))
        try:
            faults = pace.moment.faults if pace.moment else ()
            is_first = headers.get("x-attempt", "1") == "1"
            if f"down:{self.name}" in faults or (is_first and f"busy:{self.name}" in faults):
                work = _busy
            if self._telemetry is None:
                return _outcome(work)
            with self._telemetry.tracer.start_as_current_span(
                f"POST {route}", kind=SpanKind.SERVER, start_time=pace.begin_ns, end_on_exit=False
            ) as span:
                answer = _outcome(work)
                span.set_attributes({"http.request.method": "POST", "http.route": route})
                span.set_attribute("http.response.status_code", answer.status)
                if answer.status >= 500:
                    span.set_status(Status(StatusCode.ERROR, str(answer.payload.get("detail", ""))))
                span.end(pace.end_ns)
                return answer
        finally:
            otel.detach(token)

    def _work_off(self, topic: str, headers: Mapping[str, str], message: Payload) -> Answer:
        """Process one message, in a trace of its own that is linked to the one in which it was sent."""
        context = PROPAGATOR.extract(headers, otel.Context())
        pace = Pace(Moment.of(context), f"{self.name}|{topic}")
        sent = self.inbox.pop((topic, message_id(message)), {})
        sender = get_current_span(PROPAGATOR.extract(sent, otel.Context())).get_span_context()
        token = otel.attach(pace.into(context))
        try:
            with _instrumented(self._telemetry).tracer.start_as_current_span(
                f"process {topic}",
                kind=SpanKind.CONSUMER,
                start_time=pace.begin_ns,
                end_on_exit=False,
                links=[Link(sender)] if sender.is_valid else [],
                attributes={"messaging.operation.type": "process", "messaging.destination.name": topic},
            ) as span:
                answer = _outcome(lambda: self._queues[topic](message))
                span.end(pace.end_ns)
                return answer
        finally:
            otel.detach(token)


def _instrumented(telemetry: Telemetry | None) -> Telemetry:
    if telemetry is None:
        raise ValueError("who uses a queue is instrumented")
    return telemetry


def message_id(message: Payload) -> str:
    """What a broker would number: here the message's own words."""
    return json.dumps(message, sort_keys=True)


def _outcome(work: Callable[[], Payload]) -> Answer:
    try:
        return Answer(200, work())
    except Unavailable as gone:
        return Answer(503, {"detail": str(gone)})
    except (KeyError, TypeError, ValueError) as wrong:
        return Answer(400, {"detail": f"not understood: {wrong!r}"})


def _busy() -> Payload:
    raise Unavailable("too busy, try again")


class Client:
    """Calls other systems for one system (or for nobody in particular), in the current trace and time."""

    def __init__(self, transport: Transport, telemetry: Telemetry | None = None) -> None:
        self._transport = transport
        self._telemetry = telemetry

    def post(self, system: str, path: str, payload: Payload) -> Payload:
        """The answer of a system; asked twice where it is too busy, after that raises Unavailable."""
        reason = ""
        for attempt in range(1, ATTEMPTS + 1):
            answer = self._attempt(system, path, payload, attempt)
            if answer.status < 300:
                return answer.payload
            reason = f"{system} answered {answer.status}: {answer.payload.get('detail', '')}"
            if answer.status != 503:
                break
        raise Unavailable(reason)

    def publish(self, topic: str, message: Payload, to: Iterable[str]) -> None:
        """Send a message to a queue of each of these systems, which work it off when they get round to it."""
        pace = Pace.current()
        moment = pace.next_call() if pace else None
        with _instrumented(self._telemetry).tracer.start_as_current_span(
            f"send {topic}",
            kind=SpanKind.PRODUCER,
            start_time=moment.begin_ns if moment else None,
            end_on_exit=False,
            attributes={"messaging.operation.type": "send", "messaging.destination.name": topic},
        ) as span:
            headers: dict[str, str] = {}
            TraceContextTextMapPropagator().inject(headers)
            for system in to:
                self._transport.send(system, f"/inbox/{topic}", {}, {"id": message_id(message), "headers": headers})
            span.end(moment.end_ns if moment else None)

    def _attempt(self, system: str, path: str, payload: Payload, attempt: int) -> Answer:
        pace = Pace.current()
        moment = pace.next_call() if pace else None
        tracer = self._telemetry.tracer if self._telemetry else None
        started = (
            tracer.start_as_current_span(
                "POST",
                kind=SpanKind.CLIENT,
                start_time=moment.begin_ns if moment else None,
                end_on_exit=False,
                attributes={"http.request.method": "POST", "server.address": system, "url.path": path},
            )
            if tracer
            else nullcontext(get_current_span())
        )
        with started as span:
            answer = self._send(system, path, payload, attempt, moment)
            if tracer:
                span.set_attribute("http.response.status_code", answer.status)
                if answer.status >= 400:
                    span.set_status(Status(StatusCode.ERROR, str(answer.payload.get("detail", ""))))
                span.end(moment.end_ns if moment else None)
            return answer

    def _send(self, system: str, path: str, payload: Payload, attempt: int, moment: Moment | None) -> Answer:
        context = otel.get_current()
        headers = {"x-attempt": str(attempt)}
        PROPAGATOR.inject(headers, moment.on_the_other_side().into(context) if moment else context)
        try:
            return self._transport.send(system, path, headers, payload)
        except OSError as gone:
            return Answer(503, {"detail": f"{system} cannot be reached: {gone}"})


class DirectTransport:
    """Takes requests to systems of the same process."""

    def __init__(self) -> None:
        self.apps: dict[str, App] = {}

    def send(self, system: str, path: str, headers: Mapping[str, str], payload: Payload) -> Answer:
        """The answer of the app of that name."""
        return self.apps[system].handle(path, headers, payload)

    def ask(self, system: str, path: str, payload: Payload) -> Payload:
        """The answer of a system to somebody who calls in the present, outside of any plan."""
        return self.send(system, path, {}, payload).payload


class HttpTransport:
    """Takes requests over HTTP to the addresses (`http://host:port`) the systems have; they may become known later."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self._addresses = addresses

    def send(self, system: str, path: str, headers: Mapping[str, str], payload: Payload) -> Answer:
        """The system's answer; raises OSError where there is none."""
        address = urlsplit(self._addresses[system])
        connection = HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=10)
        try:
            connection.request("POST", path, json.dumps(payload), {**headers, "Content-Type": "application/json"})
            response = connection.getresponse()
            return Answer(response.status, json.loads(response.read()))
        except (HTTPException, ValueError) as wrong:
            raise OSError(f"not an answer: {wrong!r}") from wrong
        finally:
            connection.close()

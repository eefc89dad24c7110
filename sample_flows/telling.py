"""What the systems report of steps: told by the systems themselves, or by the template of steps of the same shape.

A shape is used only after steps with other words came out of the systems and of its template byte for byte alike. So
whoever changes a system changes history, too, and whatever is too odd for a template is simply told by the systems.
"""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

from sample_flows.case import Step
from sample_flows.recording import Place, Recorder, joined
from sample_flows.template import Link, NotLearnt, Shape, Template, learnt, shape_of
from sample_flows.web import message_id

PROOFS = 2
_REMEMBERED = {("bank", "/payments")}
"""What a system must really do, as it remembers it: the bank's statement has the payments it made."""

Reports = dict[Place, bytes]


class Teller:
    """All systems in this process; `tell` says what they report of one step after the other."""

    def __init__(self, drop: Path | None = None) -> None:
        self.recorder = Recorder(drop)
        self.observed_ns = time.time_ns()
        self.told: Counter[str] = Counter()
        self._templates: dict[tuple[object, ...], Template | None] = {}
        self._proofs: Counter[tuple[object, ...]] = Counter()
        self._readers: dict[tuple[object, ...], list[tuple[str, str]]] = {}

    def tell(self, step: Step) -> Reports:
        """The reports by the list they are sent in, observed at `observed_ns`."""
        if step.gather or (step.system, step.path) in _REMEMBERED:
            return self._really(step)
        link = self._link(step)
        shape = shape_of(step, link is not None)
        if shape is None:
            return self._really(step)
        template = self._templates.get(shape.key)
        if template is None:
            return self._really(step) if shape.key in self._templates else self._learn(step, shape, link)
        if self._proofs[shape.key] < PROOFS:
            return self._prove(step, shape, template, link)
        self.told["by template"] += 1
        found, published = template.written(step, shape.words, link, self.observed_ns)
        if link:
            self._inbox(step).pop(self._message(step))
        if published:
            headers = {"traceparent": f"00-{published.trace.hex()}-{published.span.hex()}-01"}
            for reader, topic in self._readers[shape.key]:
                self.recorder.transport.apps[reader].inbox[topic, message_id(step.payload)] = headers
        return found

    def _really(self, step: Step) -> Reports:
        self.told["by the systems"] += 1
        return joined(self.recorder.perform(step, self.observed_ns))

    def _learn(self, step: Step, shape: Shape, link: Link | None) -> Reports:
        self.told["by the systems"] += 1
        reports = self.recorder.perform(step, self.observed_ns)
        try:
            template: Template | None = learnt(step, shape, reports, link)
        except NotLearnt:
            template = None
        self._templates[shape.key] = template
        if template and template.published >= 0:
            sent = message_id(step.payload)
            inboxes = ((name, app.inbox) for name, app in self.recorder.transport.apps.items())
            self._readers[shape.key] = [
                (name, topic) for name, inbox in inboxes for topic, message in inbox if message == sent
            ]
        return joined(reports)

    def _prove(self, step: Step, shape: Shape, template: Template, link: Link | None) -> Reports:
        foreseen, _ = template.written(step, shape.words, link, self.observed_ns)
        found = self._really(step)
        if found == foreseen:
            self._proofs[shape.key] += 1
        else:
            self._templates[shape.key] = None
        return found

    def _link(self, step: Step) -> Link | None:
        if not step.path.startswith("/queues/"):
            return None
        sent = self._inbox(step).get(self._message(step))
        if sent is None:
            return None
        _, trace, span, _ = sent["traceparent"].split("-")
        return Link(bytes.fromhex(trace), bytes.fromhex(span))

    def _inbox(self, step: Step) -> dict[tuple[str, str], dict[str, str]]:
        return self.recorder.transport.apps[step.system].inbox

    def _message(self, step: Step) -> tuple[str, str]:
        return step.path.removeprefix("/queues/"), message_id(step.payload)

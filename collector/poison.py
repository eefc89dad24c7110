"""Takes out of a refused segment the requests that ClickHouse refuses it for, and puts them into quarantine.

When even an empty request is refused, or the whole is not when tried again, the data is not at fault: nothing is taken
out. Where there are many offenders others are not kept waiting: after a while those found so far are out, and the rest
of the segment goes to the end of the queue. Where requests take too much memory only together, the segment is halved.
"""

from __future__ import annotations

import logging
import time

from collector.bisection import Bisection, named, takes_too_much
from collector.counters import Counters
from collector.quarantine import Quarantine
from collector.record import Contents, Record, joined
from collector.requests import Accepted
from collector.segment import ClosedSegment, opened_at
from collector.spool import Spool
from model import Clock, StoreUnavailable, ThroughlineError, Unavailable

_log = logging.getLogger(__name__)


class QuarantineFull(Unavailable):
    """So many requests of a tenant are refused that something else must be wrong: it waits until somebody looks."""


class Poison:
    """Looks for offenders for so many seconds at a time."""

    def __init__(
        self,
        spool: Spool,
        quarantine: Quarantine,
        bisection: Bisection,
        *,
        clock: Clock,
        counters: Counters,
        seconds: float,
    ) -> None:
        self._spool = spool
        self._quarantine = quarantine
        self._bisection = bisection
        self._clock = clock
        self._counters = counters
        self._seconds = seconds

    def taken_out(
        self, segment: ClosedSegment, data: bytes, contents: Contents, error: ThroughlineError
    ) -> ClosedSegment | None:
        """The segment without its offenders, or half of it; None where it was postponed with some still in it.

        `error` is why it was refused. Raises `QuarantineFull`, and what prevents an answer.
        """
        if (at_all := self._bisection.refusal(segment, contents.opening)) is not None:
            raise StoreUnavailable(f"ClickHouse refuses an insert for a reason that is not in the data: {at_all}")
        is_too_much = takes_too_much(error)
        if not is_too_much and self._bisection.refusal(segment, data) is None:
            raise StoreUnavailable(
                f"ClickHouse refuses an insert into {segment.signal.table} for a reason that is not in the data alone: "
                f"{named(error)}"
            )
        offenders = self._bisection.offenders(segment, data, contents)
        if is_too_much and len(contents.records) == 1:
            offenders = iter([(contents.records[0], named(error))])
        out: set[int] = set()
        is_done = self._quarantine.room(segment.tenant) > 0
        ends = time.monotonic() + self._seconds
        for each, reason in offenders if is_done else ():
            # Another thread may have taken the last of the room.
            if self._put_aside(segment, data, contents, each, reason):
                out.add(each.start)
                is_done = self._quarantine.room(segment.tenant) > 0 and time.monotonic() < ends
            else:
                is_done = False
            if not is_done:
                break
        if not out and is_done and is_too_much:
            return self._spool.halved(segment, data, contents)
        if not out and is_done:
            raise StoreUnavailable(f"ClickHouse refuses a segment and none of the requests in it: {named(error)}")
        if not out:
            raise QuarantineFull(
                f"so many refused requests of tenant {segment.tenant} are in quarantine that no more are kept, and "
                f"more are refused: {named(error)}. Look at them, retry or discard them; until then nothing of it is "
                "written."
            )
        kept = [each for each in contents.records if each.start not in out]
        rest = self._spool.replaced(segment, joined(data, contents, kept))
        if is_done:
            return rest
        self._spool.postponed(rest)
        return None

    def _put_aside(
        self, segment: ClosedSegment, data: bytes, contents: Contents, offender: Record, reason: str
    ) -> bool:
        body = data[offender.offset : offender.end]
        behind = [each for each in contents.records if each.start > offender.start]
        opened = opened_at(segment.id)
        received_at = offender.received_at(opened)
        entry = self._quarantine.put(
            Accepted(segment.signal, body, offender.items),
            tenant=segment.tenant,
            segment_id=segment.id,
            reason=reason,
            received_at=received_at,
            at=self._clock.now(),
            equals_behind=sum(
                each.received_at(opened) == received_at and data[each.offset : each.end] == body for each in behind
            ),
        )
        if entry is None:
            return False
        self._counters.add("quarantined", signal=segment.signal.value)
        _log.error("a request of tenant %s went to quarantine: %s", segment.tenant, reason)
        return True

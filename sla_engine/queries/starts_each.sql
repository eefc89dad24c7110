-- Purpose: every start of each instance, with the promise it carries, once for each SLA that starts there (`n`, its number).
-- Parameters: numbers Array(UInt16), those of the SLAs, from 1, with from_milestone Array(String) and promise Array(String), an
--   attribute name or empty, of each; as_of DateTime64(6) UTC, inclusive.
SELECT key, '' AS per,
  arrayJoin(arrayFilter(i -> {from_milestone:Array(String)}[i] = toString(milestone), {numbers:Array(UInt16)})) AS n,
  occurred_at AS started_at, event_id AS start_event, attributes[{promise:Array(String)}[n]] AS promise
FROM staged_events
WHERE milestone IN {from_milestone:Array(String)} AND occurred_at <= {as_of:DateTime64(6)}

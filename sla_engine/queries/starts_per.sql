-- Purpose: the first start of each instance and value of the `per` key that it carries itself, with the promise it carries, once
-- for each SLA that starts there (`n`, its number).
-- Parameters: numbers Array(UInt16), those of the SLAs, from 1, with from_milestone Array(String) and promise Array(String), an
--   attribute name or empty, of each; per String, the key type; as_of DateTime64(6) UTC, inclusive.
SELECT key, per, arrayJoin(arrayFilter(i -> {from_milestone:Array(String)}[i] = reached, {numbers:Array(UInt16)})) AS n,
  at AS started_at, event AS start_event, carried[{promise:Array(String)}[n]] AS promise
FROM (
  SELECT key, arrayJoin(keys[{per:String}]) AS per, toString(milestone) AS reached, min(occurred_at) AS at,
    argMin(event_id, (occurred_at, event_id)) AS event, argMin(attributes, (occurred_at, event_id)) AS carried
  FROM staged_events
  WHERE milestone IN {from_milestone:Array(String)} AND occurred_at <= {as_of:DateTime64(6)}
  GROUP BY key, per, reached
)

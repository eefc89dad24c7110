-- Purpose: the starts of each SLA (`n`, its number) whose event passes its filters, with the promise they carry. `conditions` is
-- replaced by the filters of all SLAs in order, over `e`.
-- Parameters: numbers Array(UInt16), those of the SLAs, from 1, with from_milestone Array(String) and promise Array(String), an
--   attribute name or empty, of each; those of the conditions.
SELECT key, per,
  arrayJoin(arrayFilter((i, passes) -> passes AND {from_milestone:Array(String)}[i] = reached, {numbers:Array(UInt16)}, passed)) AS n,
  at AS started_at, event AS start_event, carried[{promise:Array(String)}[n]] AS promise
FROM (
  SELECT s.key AS key, s.per AS per, s.reached AS reached, s.at AS at, s.event AS event, s.carried AS carried, [
/*conditions*/] AS passed
  FROM asked AS s
  INNER JOIN staged_events AS e ON s.key = e.key AND s.event = e.event_id
)

-- Purpose: the starts of each SLA (`n`, its number) with the promise they carry.
-- Parameters: numbers Array(UInt16), those of the SLAs, from 1, with from_milestone Array(String) and promise Array(String), an
--   attribute name or empty, of each.
SELECT key, per, arrayJoin(arrayFilter(i -> {from_milestone:Array(String)}[i] = reached, {numbers:Array(UInt16)})) AS n,
  at AS started_at, event AS start_event, carried[{promise:Array(String)}[n]] AS promise
FROM asked

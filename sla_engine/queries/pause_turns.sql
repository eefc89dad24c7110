-- Purpose: the events that stop and resume the clocks of an instance, once for each SLA they do so for (`n`, its number).
-- Parameters: numbers Array(UInt16), those of the SLAs, from 1, with pause_from, pause_to Array(String), milestones, and calendar
--   Array(String), its hash or empty, of each; as_of DateTime64(6) UTC, inclusive.
SELECT key, event_id, place,
  arrayJoin(arrayFilter(i -> toString(milestone) IN ({pause_from:Array(String)}[i], {pause_to:Array(String)}[i]),
    {numbers:Array(UInt16)})) AS n,
  occurred_at AS at, toUInt8({pause_from:Array(String)}[n] = toString(milestone)) AS is_pause, {calendar:Array(String)}[n] AS calendar
FROM staged_events
WHERE (milestone IN {pause_from:Array(String)} OR milestone IN {pause_to:Array(String)}) AND occurred_at <= {as_of:DateTime64(6)}

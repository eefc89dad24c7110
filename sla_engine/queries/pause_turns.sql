-- Purpose: the events that stop and resume the clocks of an instance.
-- Parameters: pause_from, pause_to String, milestones; as_of DateTime64(6) UTC, inclusive; calendar String, or empty.
SELECT key, event_id, place, occurred_at AS at, toUInt8(milestone = {pause_from:String}) AS is_pause,
  {calendar:String} AS calendar
FROM staged_events
WHERE milestone IN ({pause_from:String}, {pause_to:String}) AND occurred_at <= {as_of:DateTime64(6)}

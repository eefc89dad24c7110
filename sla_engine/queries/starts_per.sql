-- Purpose: the first time each instance reached each milestone where an SLA starts for each value of the `per` key that the event
-- carries itself, with what the event carries.
-- Parameters: from_milestone Array(String) of each SLA; per String, the key type; as_of DateTime64(6) UTC, inclusive.
SELECT key, arrayJoin(keys[{per:String}]) AS per, toString(milestone) AS reached, min(occurred_at) AS at,
  argMin(event_id, (occurred_at, event_id)) AS event, argMin(attributes, (occurred_at, event_id)) AS carried
FROM staged_events
WHERE milestone IN {from_milestone:Array(String)} AND occurred_at <= {as_of:DateTime64(6)}
GROUP BY key, per, reached

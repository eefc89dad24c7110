-- Purpose: every time each instance reached a milestone where an SLA starts, with what the event carries.
-- Parameters: from_milestone Array(String) of each SLA; as_of DateTime64(6) UTC, inclusive.
SELECT key, '' AS per, toString(milestone) AS reached, occurred_at AS at, event_id AS event, attributes AS carried
FROM staged_events
WHERE milestone IN {from_milestone:Array(String)} AND occurred_at <= {as_of:DateTime64(6)}

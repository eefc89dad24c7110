-- Purpose: the first and last instant of the staged events that count, 1970 where there are none, and the milestones reached.
-- Parameters: as_of DateTime64(6) UTC.
SELECT min(occurred_at) AS earliest, max(occurred_at) AS latest, groupUniqArray(toString(milestone)) AS reached
FROM staged_events
WHERE occurred_at <= {as_of:DateTime64(6)}

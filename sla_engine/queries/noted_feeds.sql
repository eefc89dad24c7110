-- Purpose: the earliest of the staged events of each feed's milestones.
-- Parameters: milestones Array(String); as_of DateTime64(6) UTC, inclusive.
SELECT milestone, min(occurred_at) AS earliest
FROM staged_events
WHERE has({milestones:Array(String)}, toString(milestone)) AND occurred_at <= {as_of:DateTime64(6)}
  AND occurred_at >= toDateTime64('1970-01-02 00:00:00', 6, 'UTC')
GROUP BY milestone

-- Purpose: note events of feeds, by the minute. `events` is replaced by what gives them.
-- Parameters: tenant, workflow String; milestones Array(String); as_of DateTime64(6) UTC, inclusive.
INSERT INTO feed_minutes
SELECT {tenant:String}, {workflow:String}, milestone, toStartOfMinute(occurred_at) AS minute, occurred_at = minute AS is_sharp,
  min(occurred_at), max(occurred_at), uniqExactState(sipHash64(event_id))
FROM /*events*/
WHERE has({milestones:Array(String)}, toString(milestone)) AND occurred_at <= {as_of:DateTime64(6)}
  AND occurred_at >= toDateTime64('1970-01-02 00:00:00', 6, 'UTC')
GROUP BY milestone, minute, is_sharp

-- Purpose: the first time some instances reached each milestone, how often, and how long they rested there until the next
-- event. Future-dated events are reached and end no rest. Parameters: tenant: String; instances: Array(String), typed root keys.
-- Index: memberships by (tenant, instance).
SELECT
  key, milestone, min(occurred_at) AS reached_at, argMin(system, (occurred_at, event_id)) AS reported_by,
  count() AS times, sum(rest_us) AS rested_us
FROM (
  SELECT
    key, milestone, occurred_at, event_id, system,
    if(in_time AND next_at > 0, greatest(next_at - toUnixTimestamp64Micro(occurred_at), 0), 0) AS rest_us
  FROM (
    SELECT
      key, milestone, occurred_at, event_id, system, NOT has(flags, 'future_dated') AS in_time,
      leadInFrame(if(in_time, toUnixTimestamp64Micro(occurred_at), 0)) OVER (
        PARTITION BY instance ORDER BY occurred_at, place, event_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS next_at
    FROM memberships FINAL
    PREWHERE tenant = {tenant:String} AND instance IN {instances:Array(String)}
  )
)
GROUP BY key, milestone

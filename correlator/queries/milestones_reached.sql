-- Purpose: the first time some instances reached each milestone, how often, and how long they rested there until the next
-- event. Future-dated events are reached; they are no rest and end none.
-- Parameters: tenant: String; instances: Array(String), typed root keys. Index: memberships by (tenant, instance).
SELECT
  key, milestone, min(occurred_at) AS reached_at, argMin(system, (occurred_at, event_id)) AS reported_by,
  count() AS times, sum(if(in_time, next_us - at_us, 0)) AS rested_us
FROM (
  SELECT
    key, milestone, occurred_at, event_id, system, NOT has(flags, 'future_dated') AS in_time,
    toUnixTimestamp64Micro(occurred_at) AS at_us,
    leadInFrame(at_us, 1, at_us) OVER (
      PARTITION BY instance, in_time ORDER BY occurred_at, place, event_id
      ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS next_us
  FROM memberships FINAL
  PREWHERE tenant = {tenant:String} AND instance IN {instances:Array(String)}
)
GROUP BY key, milestone

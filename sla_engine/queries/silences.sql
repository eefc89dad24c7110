-- Purpose: every silence of a feed as a clock: it starts with an event and is answered by the next. Within a minute no silence
-- is looked for.
-- Parameters: tenant, workflow, feed_name String; calendar Array(String), one; feed Array(String), milestones; since DateTime64(6) UTC,
--   the minute to begin with; effective_from (inclusive), effective_to (exclusive) Array(Int64), one each,
--   microseconds since 1970: silences this version judges.
-- Index: feed_minutes by (tenant, workflow, milestone, minute).
SELECT {feed_name:String} AS key, '' AS per, toUInt16(1) AS n, last_at AS started_at, concat(toString(minute), '/', toString(is_sharp)) AS start_event,
  next_at AS satisfied_at, CAST(NULL, 'Nullable(DateTime64(6, ''UTC''))') AS cancelled_at,
  {calendar:Array(String)}[1] AS calendar
FROM (
  SELECT minute, is_sharp, spoke_at AS last_at,
    leadInFrame(CAST(began_at, 'Nullable(DateTime64(6, ''UTC''))')) OVER (
      ORDER BY minute, is_sharp DESC ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS next_at
  FROM (
    SELECT minute, is_sharp, min(first_at) AS began_at, max(last_at) AS spoke_at
    FROM feed_minutes
    WHERE tenant = {tenant:String} AND workflow = {workflow:String} AND milestone IN {feed:Array(String)}
      AND minute >= toDateTime({since:DateTime64(6)}, 'UTC')
    GROUP BY minute, is_sharp
  )
)
WHERE toUnixTimestamp64Micro(started_at) >= {effective_from:Array(Int64)}[1]
  AND toUnixTimestamp64Micro(started_at) < {effective_to:Array(Int64)}[1]

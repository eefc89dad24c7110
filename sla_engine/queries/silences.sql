-- Purpose: every silence of a feed as a clock: it starts with an event and is answered by the next. Within a minute no silence
-- is looked for. The first silence starts when the feed was first waited for; it vanishes where an earlier event becomes known.
-- Parameters: tenant, workflow, feed_name String; calendar Array(String), one; feed Array(String), milestones; since DateTime64(6) UTC,
--   the minute to begin with; effective_from (inclusive), effective_to (exclusive) Array(Int64), one each,
--   microseconds since 1970: silences this version judges; is_waited_for UInt8, whether there is such a first silence,
--   waited_from, first_ever DateTime64(6) UTC, its start and the feed's first event (1970 for none).
-- Index: feed_minutes by (tenant, workflow, milestone, minute).
SELECT {feed_name:String} AS key, '' AS per, toUInt16(1) AS n, last_at AS started_at, start_event,
  next_at AS satisfied_at, vanished_at AS cancelled_at,
  {calendar:Array(String)}[1] AS calendar
FROM (
  SELECT concat(toString(minute), '/', toString(is_sharp)) AS start_event, spoke_at AS last_at,
    leadInFrame(CAST(began_at, 'Nullable(DateTime64(6, ''UTC''))')) OVER (
      ORDER BY minute, is_sharp DESC ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS next_at,
    CAST(NULL, 'Nullable(DateTime64(6, ''UTC''))') AS vanished_at
  FROM (
    SELECT minute, is_sharp, min(first_at) AS began_at, max(last_at) AS spoke_at
    FROM feed_minutes
    WHERE tenant = {tenant:String} AND workflow = {workflow:String} AND milestone IN {feed:Array(String)}
      AND minute >= toDateTime({since:DateTime64(6)}, 'UTC')
    GROUP BY minute, is_sharp
  )
  UNION ALL
  SELECT 'waited for', {waited_from:DateTime64(6)} AS since, if({first_ever:DateTime64(6)} > since, {first_ever:DateTime64(6)}, NULL),
    if({first_ever:DateTime64(6)} <= since AND {first_ever:DateTime64(6)} > toDateTime64(0, 6, 'UTC'), since, NULL)
  WHERE {is_waited_for:UInt8}
)
WHERE toUnixTimestamp64Micro(started_at) >= {effective_from:Array(Int64)}[1]
  AND toUnixTimestamp64Micro(started_at) < {effective_to:Array(Int64)}[1]

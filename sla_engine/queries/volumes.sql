-- Purpose: every business day of a feed as a clock: it starts at local midnight and is due at the time of day. A lower bound
-- is answered by the event that fills it, an upper bound by the time itself; where too many came, it was due when they did.
-- Parameters: tenant, workflow, feed_name, zone String; cut_off, calendar Array(String), one each; feed Array(String), milestones; since, as_of
--   DateTime64(6) UTC, since in the first day, all of whose events count, however many hours it has; at_least, at_most Int64, -1 for none; effective_from (inclusive),
--   effective_to (exclusive) Array(Int64), one each, microseconds since 1970: days this version judges.
-- Index: feed_minutes by (tenant, workflow, milestone, minute); cut_off_days by (tenant, calendar, cut_off_at).
WITH
  {at_least:Int64} AS at_least, {at_most:Int64} AS at_most,
  arraySort(groupArrayIf((minute, 1 - is_sharp, last_at, came_then), came_then > 0)) AS came,
  arrayCumSum(came.4) AS totals,
  arrayMap(c -> c.1 < toDateTime(due_at, 'UTC') OR (c.1 = toDateTime(due_at, 'UTC') AND c.2 = 0), came) AS in_time,
  arrayFirstIndex(t -> t >= at_least, totals) AS filled,
  arrayFirstIndex((t, i) -> i AND t > at_most, totals, in_time) AS overrun
SELECT {feed_name:String} AS key, '' AS per, toUInt16(1) AS n, began_at AS started_at, toString(day) AS start_event,
  CAST(multiIf(
    at_least >= 0, if(filled > 0, came[filled].3, NULL),
    overrun = 0 AND due_at <= {as_of:DateTime64(6)}, due_at,
    NULL), 'Nullable(DateTime64(6, ''UTC''))') AS satisfied_at,
  CAST(NULL, 'Nullable(DateTime64(6, ''UTC''))') AS cancelled_at,
  {calendar:Array(String)}[1] AS calendar,
  CAST(if(at_most >= 0 AND overrun > 0, came[overrun].3, due_at), 'Nullable(DateTime64(6, ''UTC''))') AS promised_at, '' AS problem
FROM (
  SELECT due_at, toDate(due_at, {zone:String}) AS day,
    toTimeZone(toDateTime64(toStartOfDay(due_at, {zone:String}), 6), 'UTC') AS began_at
  FROM cut_off_days FINAL
  WHERE tenant = {tenant:String} AND calendar = {cut_off:Array(String)}[1] AND day >= toDate({since:DateTime64(6)}, {zone:String})
    AND began_at <= {as_of:DateTime64(6)}
) AS d
LEFT JOIN (
  SELECT toDate(minute, {zone:String}) AS day, minute, is_sharp, max(last_at) AS last_at, toInt64(uniqExactMerge(events)) AS came_then
  FROM feed_minutes
  WHERE tenant = {tenant:String} AND workflow = {workflow:String} AND milestone IN {feed:Array(String)}
    AND minute >= toStartOfDay({since:DateTime64(6)}, {zone:String})
  GROUP BY minute, is_sharp
) AS m ON d.day = m.day
WHERE toUnixTimestamp64Micro(began_at) >= {effective_from:Array(Int64)}[1]
  AND toUnixTimestamp64Micro(began_at) < {effective_to:Array(Int64)}[1]
GROUP BY due_at, day, began_at

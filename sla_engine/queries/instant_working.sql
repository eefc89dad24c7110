-- Purpose: the first instant at which each row's own time is reached: closing time, not the next opening. None where the
-- compiled calendar never reaches it. `rows` is replaced by a SELECT with `aim_us` Nullable(Int64) and `calendar`.
-- Parameters: tenant String; calendars Array(String). Index: calendar_days by (tenant, calendar).
WITH
  r.aim_us IS NULL OR c.calendar = ''
    OR r.aim - c.before_us > toUnixTimestamp64Micro(c.closes_at) - toUnixTimestamp64Micro(c.opens_at) AS is_never
SELECT r.* EXCEPT (aim),
  -- What lies under a NULL is read by clients too, so it has to be a time.
  if(is_never, NULL,
    fromUnixTimestamp64Micro(if(is_never, 0, toUnixTimestamp64Micro(c.opens_at) + r.aim - c.before_us), 'UTC')) AS reached_at
FROM (SELECT *, ifNull(aim_us, toInt64(-9223372036854775807)) AS aim FROM (/*rows*/)) AS r
ASOF LEFT JOIN (
  SELECT calendar, opens_at, closes_at, before_us FROM calendar_days
  WHERE tenant = {tenant:String} AND calendar IN {calendars:Array(String)} AND closes_at > opens_at
) AS c ON r.calendar = c.calendar AND r.aim > c.before_us

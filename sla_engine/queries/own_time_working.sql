-- Purpose: the SLA's own time of each row: cumulative working microseconds of its calendar at that instant.
-- `rows` is replaced by a SELECT with the columns `at` and `calendar`.
-- Parameters: tenant String; calendars Array(String) with first_us Array(Int64), the working time at the beginning of the first
--   compiled year of each, which holds until the first opening. Index: calendar_days by (tenant, calendar).
SELECT r.*,
  if(c.calendar = '', {first_us:Array(Int64)}[indexOf({calendars:Array(String)}, toString(r.calendar))],
    c.before_us + least(toUnixTimestamp64Micro(r.at), toUnixTimestamp64Micro(c.closes_at))
    - toUnixTimestamp64Micro(c.opens_at)) AS own_us
FROM (/*rows*/) AS r
ASOF LEFT JOIN (
  SELECT calendar, opens_at, closes_at, before_us FROM calendar_days
  WHERE tenant = {tenant:String} AND calendar IN {calendars:Array(String)} AND closes_at > opens_at
) AS c ON r.calendar = c.calendar AND r.at >= c.opens_at

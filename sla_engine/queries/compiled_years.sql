-- Purpose: which local years of a calendar are compiled, by the row that opens each, oldest first.
-- Parameters: tenant String; calendar String, its hash. Reads the range of the sort key for the calendar.
SELECT opens_at, before_us
FROM calendar_days FINAL
WHERE tenant = {tenant:String} AND calendar = {calendar:String} AND opens_at = closes_at
ORDER BY opens_at

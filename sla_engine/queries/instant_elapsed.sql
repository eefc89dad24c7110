-- Purpose: the instant at which each row's own time is reached, where the SLA names no calendar.
-- `rows` is replaced by a SELECT with a column `aim_us` Nullable(Int64). Parameters: none.
SELECT *, if(aim_us IS NULL, NULL, fromUnixTimestamp64Micro(assumeNotNull(aim_us), 'UTC')) AS reached_at FROM (/*rows*/)

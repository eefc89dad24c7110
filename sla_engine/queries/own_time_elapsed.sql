-- Purpose: the SLA's own time of each row where it names no calendar: microseconds since 1970.
-- `rows` is replaced by a SELECT with a column `at`. Parameters: none.
SELECT *, toUnixTimestamp64Micro(at) AS own_us FROM (/*rows*/)

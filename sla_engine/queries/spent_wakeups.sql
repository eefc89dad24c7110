-- Purpose: how many wake-ups have been followed and are not being taken out yet.
-- Parameters: as in forget_wakeups.sql; since Array(Int64), microseconds, inclusive, up to where those of each axis are being taken out;
--   earliest DateTime64(6) UTC, not later than any of those. Index: wakeups by (tenant, axis, due_at).
WITH indexOf({axes:Array(String)}, toString(axis)) AS place
SELECT count() AS wakeups FROM wakeups
WHERE tenant = {tenant:String} AND axis IN {axes:Array(String)}
  AND due_at >= {earliest:DateTime64(6)} AND due_at < {latest:DateTime64(6)}
  AND toUnixTimestamp64Micro(due_at) >= {since:Array(Int64)}[place] AND toUnixTimestamp64Micro(due_at) < {before:Array(Int64)}[place]

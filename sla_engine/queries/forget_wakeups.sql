-- Purpose: take out the wake-ups that have been followed. Nobody waits for it: it comes after the merges that run, and what is
-- late to be judged or alerted must not.
-- Parameters: tenant String; axes Array(String), with before Array(Int64), microseconds since 1970, exclusive, up to where each was followed;
--   latest DateTime64(6) UTC, not earlier than any of those. Index: wakeups by (tenant, axis, due_at).
DELETE FROM wakeups
WHERE tenant = {tenant:String} AND axis IN {axes:Array(String)} AND due_at < {latest:DateTime64(6)}
  AND toUnixTimestamp64Micro(due_at) < {before:Array(Int64)}[indexOf({axes:Array(String)}, toString(axis))]
SETTINGS lightweight_deletes_sync = 0

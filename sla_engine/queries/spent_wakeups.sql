-- Purpose: how many wake-ups have been followed and are not being taken out yet.
-- Parameters: tenant String; since, before DateTime64(6) UTC, the latter exclusive. Index: wakeups by (tenant, axis, due_at).
SELECT count() AS wakeups FROM wakeups
WHERE tenant = {tenant:String} AND axis = '' AND due_at >= {since:DateTime64(6)} AND due_at < {before:DateTime64(6)}

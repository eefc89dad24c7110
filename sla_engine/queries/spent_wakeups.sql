-- Purpose: how many wake-ups have been followed. Parameters: tenant String; before DateTime64(6) UTC, exclusive.
-- Index: wakeups by (tenant, axis, due_at).
SELECT count() AS wakeups FROM wakeups WHERE tenant = {tenant:String} AND axis = '' AND due_at < {before:DateTime64(6)}

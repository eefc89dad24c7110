-- Purpose: take out the wake-ups that have been followed. Parameters: tenant String; before DateTime64(6) UTC, exclusive.
-- Index: wakeups by (tenant, axis, due_at).
DELETE FROM wakeups WHERE tenant = {tenant:String} AND axis = '' AND due_at < {before:DateTime64(6)}

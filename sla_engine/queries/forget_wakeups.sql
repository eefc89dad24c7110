-- Purpose: take out the wake-ups that have been followed. Nobody waits for it: it comes after the merges that run, and what is
-- late to be judged or alerted must not. Parameters: tenant String; before DateTime64(6) UTC, exclusive.
-- Index: wakeups by (tenant, axis, due_at).
DELETE FROM wakeups WHERE tenant = {tenant:String} AND axis = '' AND due_at < {before:DateTime64(6)}
SETTINGS lightweight_deletes_sync = 0

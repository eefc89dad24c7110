-- Purpose: messages that are neither delivered nor abandoned, oldest first.
-- Parameters: limit UInt32. All tenants: one delivery serves them all.
-- Index: none; reads the narrow columns of all messages. Run at start, and after the queue in memory has overflowed.
SELECT
  tenant, message_id, any(receiver_kind) AS receiver_kind, any(receiver_target) AS receiver_target,
  toUInt32(max(attempt)) AS attempts, min(at) AS queued_at, argMax(next_attempt_at, attempt) AS due_at
FROM notifications
GROUP BY tenant, message_id
HAVING countIf(state IN ('delivered', 'abandoned')) = 0
ORDER BY message_id, tenant
LIMIT {limit:UInt32}

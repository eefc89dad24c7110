-- Purpose: messages that are neither delivered nor abandoned, oldest first: of each receiver so many.
-- Parameters: since String, the least message_id, empty for all; limit UInt32. All tenants: one delivery serves them all.
-- Index: primary key (message_id, behind few tenants) where `since` is given, which is so once a minute; else none, reads
--   the narrow columns of all messages: at start, after the queue in memory has overflowed, when the role was taken again.
SELECT
  tenant, message_id, any(receiver_kind) AS receiver_kind, any(receiver_target) AS receiver_target,
  toUInt32(max(attempt)) AS attempts, min(at) AS queued_at, argMax(next_attempt_at, attempt) AS due_at,
  anyIf(alert_ids, attempt = 0) AS alerts
FROM notifications
WHERE (tenant, message_id) IN (
  SELECT tenant, message_id
  FROM (
    SELECT tenant, message_id, any(n.receiver_kind) AS kind, any(n.receiver_target) AS target
    FROM notifications AS n
    WHERE message_id >= {since:String}
    GROUP BY tenant, message_id
    HAVING countIf(state IN ('delivered', 'abandoned')) = 0
    ORDER BY message_id, tenant
    LIMIT {limit:UInt32} BY tenant, kind, target
  )
)
GROUP BY tenant, message_id
ORDER BY message_id, tenant

-- Purpose: which receivers were told what of some alerts, by messages that were not abandoned, oldest first.
-- Parameters: tenant; alert_ids Array(String), at most some thousands.
-- Index: primary key prefix (tenant); bloom filter alerts_of_message skips messages about other alerts.
SELECT alert_id, receiver_kind, receiver_target, route, what
FROM (
  SELECT message_id, receiver_kind, receiver_target, route, alert_id, what
  FROM notifications
  ARRAY JOIN alert_ids AS alert_id, told AS what
  WHERE tenant = {tenant:String} AND attempt = 0 AND hasAny(alert_ids, {alert_ids:Array(String)})
    AND alert_id IN {alert_ids:Array(String)}
)
WHERE message_id NOT IN (SELECT message_id FROM notifications WHERE tenant = {tenant:String} AND state = 'abandoned')
ORDER BY message_id

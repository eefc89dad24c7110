-- Purpose: how often events were delivered. Parameters: tenant: String; event_ids: Array(String).
-- Index: event_copies by (tenant, event_id).
SELECT event_id, toUInt64(sum(copies)) AS deliveries FROM event_copies FINAL
WHERE tenant = {tenant:String} AND event_id IN {event_ids:Array(String)}
GROUP BY event_id

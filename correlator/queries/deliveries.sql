-- Purpose: how often events were delivered.
-- Parameters: tenant: String; event_ids: Array(String); id_prefixes: Array(UInt64), of their first 16 digits.
-- Index: event_copies by (tenant, id_prefix).
SELECT event_id, toUInt64(sum(copies)) AS deliveries
FROM (
  SELECT DISTINCT event_id, segment_id, content_hash, copies FROM event_copies
  WHERE tenant = {tenant:String} AND id_prefix IN {id_prefixes:Array(UInt64)} AND event_id IN {event_ids:Array(String)}
)
GROUP BY event_id

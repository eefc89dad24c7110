-- Purpose: deliveries already known of staged events that came without a time, received after these: the time of such an event is
-- that of its first receipt, which is now an earlier one.
-- Parameters: tenant: String. Index: event_copies by (tenant, id_prefix).
SELECT c.event_id AS event_id, c.content_hash AS content_hash, c.received_at AS received_at
FROM (SELECT event_id, content_hash, received_at FROM stage_events WHERE has(flags, 'missing_timestamp')) AS s
INNER JOIN (
  SELECT event_id, content_hash, received_at FROM event_copies
  WHERE tenant = {tenant:String}
    AND id_prefix IN (SELECT id_prefix FROM stage_events WHERE has(flags, 'missing_timestamp'))
) AS c ON s.event_id = c.event_id AND s.content_hash = c.content_hash
WHERE c.received_at > s.received_at

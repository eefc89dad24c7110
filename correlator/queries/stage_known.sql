-- Purpose: the staged events that are not simply new: stored before (in whatever version), or staged more than once.
-- They are found by half of their ids: one of another event with the same half is read again in vain, and no harm done.
-- Parameters: tenant: String. maybe_known: Array(UInt64), half ids.
-- Index: event_copies by (tenant, id_prefix), or all of the tenant's where that is cheaper.
INSERT INTO stage_known
SETTINGS use_index_for_in_with_subqueries = 0 -- if scanned
SELECT event_id, content_hash FROM event_copies
WHERE tenant = {tenant:String}
  AND id_prefix IN {maybe_known:Array(UInt64)} -- if maybe_known
  AND id_prefix IN (SELECT id_prefix FROM stage_events) -- if unfiltered
GROUP BY event_id, content_hash
UNION ALL
SELECT event_id, max(content_hash) FROM stage_events GROUP BY event_id HAVING count() > 1

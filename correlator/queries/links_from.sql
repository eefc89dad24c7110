-- Purpose: the links that lead inward from some keys, with an event that proves each.
-- Parameters: tenant: String; outer_keys: Array(String), typed keys; limit: UInt32. Index: key_links by (tenant, outer_key).
SELECT DISTINCT outer_key, inner_key, window_us, proved_at, kept_us, event_id
FROM key_links
WHERE tenant = {tenant:String} AND outer_key IN {outer_keys:Array(String)}
  AND (event_id, content_hash) NOT IN (SELECT event_id, content_hash FROM superseded WHERE tenant = {tenant:String}) -- if superseded
  AND event_id NOT IN (SELECT event_id FROM corrections WHERE tenant = {tenant:String} AND kind = 'voided') -- if corrections
  AND (outer_key, inner_key) NOT IN ( -- if corrections
    SELECT outer_key, inner_key FROM corrections WHERE tenant = {tenant:String} AND kind = 'retracted') -- if corrections
ORDER BY outer_key, inner_key, proved_at, event_id
LIMIT {limit:UInt32}

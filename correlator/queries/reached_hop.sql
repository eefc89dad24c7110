-- Purpose: one hop inward from what was reached so far. `/*reached*/` is a SELECT of event_id, typed_key, at_us.
-- Parameters: reached_tenant: String. Index: key_links by (tenant, outer_key).
SELECT DISTINCT r.event_id AS event_id, l.inner_key AS typed_key, l.kept_us AS at_us
FROM (/*reached*/) AS r
INNER JOIN (
  SELECT outer_key, inner_key, window_us, kept_us, toUnixTimestamp64Micro(proved_at) AS proved_us
  FROM key_links
  WHERE tenant = {reached_tenant:String} AND outer_key IN (SELECT typed_key FROM (/*reached*/))
    AND (event_id, content_hash) NOT IN (
      SELECT event_id, content_hash FROM superseded WHERE tenant = {reached_tenant:String})
    AND event_id NOT IN (SELECT event_id FROM corrections WHERE tenant = {reached_tenant:String} AND kind = 'voided')
    AND (outer_key, inner_key) NOT IN (
      SELECT outer_key, inner_key FROM corrections WHERE tenant = {reached_tenant:String} AND kind = 'retracted')
    AND outer_key NOT IN (SELECT typed_key FROM hubs FINAL WHERE tenant = {reached_tenant:String} AND is_timeless)
) AS l ON r.typed_key = l.outer_key
WHERE l.window_us < 0 OR abs(l.proved_us - r.at_us) <= l.window_us

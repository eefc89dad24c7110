-- Purpose: a page of the aliases that lead to too many instances, with how many instances (at least) and events.
-- Parameters: tenant: String; workflows: Array(String), those of the catalog; after_key: String, typed key, the position before
-- the page; limit: UInt32.
-- Index: hubs is tiny; key_links by (tenant, outer_key), event_keys by (tenant, typed_key).
WITH page AS (
  SELECT typed_key, found_at FROM hubs FINAL
  WHERE tenant = {tenant:String} AND workflow IN {workflows:Array(String)} AND typed_key > {after_key:String}
  ORDER BY typed_key
  LIMIT {limit:UInt32}
)
SELECT p.typed_key AS typed_key, p.found_at AS found_at, l.links AS links, e.events AS events
FROM page AS p
LEFT JOIN (
  SELECT outer_key, uniqExact(inner_key) AS links FROM key_links
  WHERE tenant = {tenant:String} AND outer_key IN (SELECT typed_key FROM page)
    AND (event_id, content_hash) NOT IN (SELECT event_id, content_hash FROM superseded WHERE tenant = {tenant:String})
    AND event_id NOT IN (SELECT event_id FROM corrections WHERE tenant = {tenant:String} AND kind = 'voided')
    AND (outer_key, inner_key) NOT IN (
      SELECT outer_key, inner_key FROM corrections WHERE tenant = {tenant:String} AND kind = 'retracted')
  GROUP BY outer_key
) AS l ON p.typed_key = l.outer_key
LEFT JOIN (
  SELECT typed_key, uniqExact(event_id) AS events FROM event_keys
  WHERE tenant = {tenant:String} AND typed_key IN (SELECT typed_key FROM page)
  GROUP BY typed_key
) AS e ON p.typed_key = e.typed_key
ORDER BY typed_key

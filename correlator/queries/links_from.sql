-- Purpose: the links that lead inward from some keys and may lead on to an instance, each with the events that prove it, the
-- earliest first. Links to other roots are left out, proofs outside their windows at all times from `from_us` to `to_us`, and
-- all proofs but the earliest of a link that holds for ever and leads on at no time of its own.
-- Parameters: tenant: String; outer_keys: Array(String), typed keys; root: String, the instance; roots: String, workflow and
-- root type of typed keys with separators; from_us, to_us: Int64; proofs: UInt32, of one link; limit: UInt32, of all.
-- Index: key_links by (tenant, outer_key).
SELECT
  outer_key, inner_key, window_us, min(l.proved_at) AS proved_at, kept_us, argMin(l.event_id, (l.proved_at, l.event_id)) AS event_id
FROM key_links AS l
PREWHERE tenant = {tenant:String} AND outer_key IN {outer_keys:Array(String)}
WHERE (inner_key = {root:String} OR NOT startsWith(inner_key, {roots:String}))
  AND (window_us < 0
    OR toUnixTimestamp64Micro(l.proved_at) BETWEEN {from_us:Int64} - window_us AND {to_us:Int64} + window_us)
  AND (l.event_id, content_hash) NOT IN ( -- if superseded
    SELECT event_id, content_hash FROM superseded WHERE tenant = {tenant:String}) -- if superseded
  AND l.event_id NOT IN (SELECT event_id FROM corrections WHERE tenant = {tenant:String} AND kind = 'voided') -- if corrections
  AND (outer_key, inner_key) NOT IN ( -- if corrections
    SELECT outer_key, inner_key FROM corrections WHERE tenant = {tenant:String} AND kind = 'retracted') -- if corrections
GROUP BY outer_key, inner_key, window_us, kept_us, if(window_us < 0, 0, toUnixTimestamp64Micro(l.proved_at))
ORDER BY outer_key, inner_key, proved_at, event_id
LIMIT {proofs:UInt32} BY outer_key, inner_key
LIMIT {limit:UInt32}

-- Purpose: the links over which a round of the walks inward may go.
-- Parameters: tenant: String; round: UInt8, from 1; roots: Array(String), workflow and root type of typed keys with
-- separators. Index: key_links by (tenant, outer_key).
INSERT INTO stage_links (outer_key, inner_key, window_us, kept_us, proved_us, is_root, round)
SELECT DISTINCT
  outer_key, inner_key, window_us, kept_us, if(window_us < 0, 0, toUnixTimestamp64Micro(proved_at)),
  has({roots:Array(String)}, substring(inner_key, 1, position(inner_key, char(31), position(inner_key, char(31)) + 1))),
  {round:UInt8}
FROM key_links
PREWHERE tenant = {tenant:String}
  AND outer_key IN (SELECT typed_key FROM stage_walk WHERE round = {round:UInt8} - 1 AND NOT is_root)
  AND (event_id, content_hash) NOT IN ( -- if superseded
    SELECT event_id, content_hash FROM superseded WHERE tenant = {tenant:String}) -- if superseded
  AND event_id NOT IN (SELECT event_id FROM corrections WHERE tenant = {tenant:String} AND kind = 'voided') -- if corrections
  AND (outer_key, inner_key) NOT IN ( -- if corrections
    SELECT outer_key, inner_key FROM corrections WHERE tenant = {tenant:String} AND kind = 'retracted') -- if corrections

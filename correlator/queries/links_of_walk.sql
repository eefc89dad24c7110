-- Purpose: the links over which a round of the walks inward may go.
-- Parameters: tenant: String; round: UInt8, from 1; roots: Array(String), workflow and root type of typed keys with
-- separators. maybe_linked: Array(UInt64), hashes of typed keys, of which the others have links of this tick alone;
-- last_link: Int64, the block after which these lie. Index: key_links by (tenant, outer_key).
INSERT INTO stage_links (outer_key, inner_key, window_us, kept_us, proved_us, is_root, round)
SELECT DISTINCT
  outer_key, inner_key, window_us, kept_us, if(window_us < 0, 0, toUnixTimestamp64Micro(proved_at)),
  has({roots:Array(String)}, substring(inner_key, 1, position(inner_key, char(31), position(inner_key, char(31)) + 1))),
  {round:UInt8}
FROM (
  SELECT * FROM key_links
  PREWHERE tenant = {tenant:String}
    AND outer_key IN (
      SELECT typed_key FROM stage_walk WHERE round = {round:UInt8} - 1 AND NOT is_root
        AND sipHash64(typed_key) IN {maybe_linked:Array(UInt64)} -- if maybe_linked
    )
  UNION ALL -- if maybe_linked
  SELECT * FROM key_links -- if maybe_linked
  PREWHERE tenant = {tenant:String} -- if maybe_linked
    AND outer_key IN (SELECT typed_key FROM stage_walk WHERE round = {round:UInt8} - 1 AND NOT is_root) -- if maybe_linked
  WHERE toInt64(splitByChar('_', _part)[3]) > {last_link:Int64} -- if maybe_linked
)
WHERE true
  AND (event_id, content_hash) NOT IN ( -- if superseded
    SELECT event_id, content_hash FROM superseded WHERE tenant = {tenant:String}) -- if superseded
  AND event_id NOT IN (SELECT event_id FROM corrections WHERE tenant = {tenant:String} AND kind = 'voided') -- if corrections
  AND (outer_key, inner_key) NOT IN ( -- if corrections
    SELECT outer_key, inner_key FROM corrections WHERE tenant = {tenant:String} AND kind = 'retracted') -- if corrections

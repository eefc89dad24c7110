-- Purpose: one round outward: the keys linked to those of the round before, windows left aside (what is found is judged
-- again, so too many cost time and change nothing).
-- Known hubs are left out unless links are lost in this tick.
-- Links of this tick lead to nothing that is not there from the beginning.
-- Parameters: tenant: String; is_lossy: UInt8; round: UInt8, from 1. maybe_linked: Array(UInt64), hashes of typed keys. Index: key_links_by_inner by (tenant, inner_key).
INSERT INTO stage_reach (typed_key, round)
SELECT DISTINCT outer_key, {round:UInt8}
FROM key_links_by_inner
PREWHERE tenant = {tenant:String}
  AND inner_key IN (
    SELECT typed_key FROM stage_reach WHERE round = {round:UInt8} - 1
      AND sipHash64(typed_key) IN {maybe_linked:Array(UInt64)} -- if maybe_linked
  )
WHERE outer_key NOT IN (SELECT typed_key FROM stage_reach)
  AND ({is_lossy:UInt8} OR outer_key NOT IN ( -- if hubs
    SELECT typed_key FROM hubs FINAL WHERE tenant = {tenant:String} AND is_timeless)) -- if hubs

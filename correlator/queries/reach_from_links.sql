-- Purpose: where the walk outward starts: the outer keys of the links that the staged events prove. What leads to a known
-- hub is hidden already, unless links are lost in this tick.
-- Parameters: tenant: String; is_lossy: UInt8.
INSERT INTO stage_reach (typed_key, round)
SELECT DISTINCT typed_key, 0
FROM (
  SELECT arrayJoin(arrayFilter(k -> k.rank > innermost_rank, ranked_keys)).typed_key AS typed_key
  FROM stage_events
  WHERE length(ranked_keys) > length(innermost) AND NOT has(flags, 'too_many_links')
)
WHERE {is_lossy:UInt8} OR typed_key NOT IN ( -- if hubs
  SELECT typed_key FROM hubs FINAL WHERE tenant = {tenant:String} AND is_timeless) -- if hubs

-- Purpose: the same links between aliases the other way round, once each.
-- Parameters: tenant: String.
INSERT INTO key_links_by_inner (tenant, inner_key, outer_key, workflow, received_at)
SELECT {tenant:String}, i.typed_key AS inner_key, o.typed_key AS outer_key, any(workflow), min(received_at)
FROM (
  SELECT o, ranked_keys, workflow, received_at
  FROM stage_events
  ARRAY JOIN ranked_keys AS o
  WHERE o.rank > innermost_rank AND NOT has(flags, 'too_many_links')
)
ARRAY JOIN ranked_keys AS i
WHERE i.rank < o.rank AND i.rank > 0
GROUP BY inner_key, outer_key

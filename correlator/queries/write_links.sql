-- Purpose: the links that the staged events prove, from each outer key to each inner one.
-- Parameters: tenant: String.
INSERT INTO key_links (
  tenant, outer_key, inner_key, event_id, content_hash, window_us, proved_at, kept_us, workflow, received_at)
SETTINGS optimize_on_insert = 0
SELECT
  {tenant:String}, o.typed_key, i.typed_key, event_id, content_hash, o.window_us, occurred_at,
  if(i.keeps_time, toUnixTimestamp64Micro(occurred_at), 0), workflow, received_at
FROM (
  SELECT o, ranked_keys, event_id, content_hash, occurred_at, workflow, received_at
  FROM stage_events
  ARRAY JOIN ranked_keys AS o
  WHERE o.rank > innermost_rank AND NOT has(flags, 'too_many_links')
)
ARRAY JOIN ranked_keys AS i
WHERE i.rank < o.rank

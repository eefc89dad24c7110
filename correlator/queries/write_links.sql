-- Purpose: the links that the staged events prove, from each outer key to each inner one.
-- An event without a time has that of its receipt, and proves links at the earliest alone: not again when it is delivered
-- once more, to which `event_copies` bear witness. Parameters: tenant: String.
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
    AND (event_id, content_hash, received_at) NOT IN ( -- if untimed
      SELECT s.event_id, s.content_hash, s.received_at -- if untimed
      FROM (SELECT * FROM stage_events WHERE has(flags, 'missing_timestamp')) AS s -- if untimed
      INNER JOIN ( -- if untimed
        SELECT event_id, content_hash, received_at FROM event_copies -- if untimed
        WHERE tenant = {tenant:String} -- if untimed
          AND id_prefix IN (SELECT id_prefix FROM stage_events WHERE has(flags, 'missing_timestamp')) -- if untimed
      ) AS c ON s.event_id = c.event_id AND s.content_hash = c.content_hash -- if untimed
      WHERE c.received_at < s.received_at) -- if untimed
)
ARRAY JOIN ranked_keys AS i
WHERE i.rank < o.rank

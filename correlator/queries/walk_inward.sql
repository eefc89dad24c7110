-- Purpose: one hop of every walk: over the links that hold at the time the walk has come with, taking on the time of the
-- event that proves the hop where a window lies further in.
-- Parameters: tenant: String; round: UInt8, from 1; roots: Array(String), workflow and root type of typed keys with
-- separators. Index: key_links by (tenant, outer_key).
INSERT INTO stage_walk (origin_key, origin_us, typed_key, at_us, is_root, round)
SELECT DISTINCT
  w.origin_key, w.origin_us, l.inner_key, l.kept_us,
  has({roots:Array(String)}, substring(l.inner_key, 1,
    position(l.inner_key, char(31), position(l.inner_key, char(31)) + 1))),
  {round:UInt8}
FROM (SELECT * FROM stage_walk WHERE round = {round:UInt8} - 1 AND NOT is_root) AS w
INNER JOIN (
  SELECT DISTINCT
    outer_key, inner_key, window_us, kept_us, if(window_us < 0, 0, toUnixTimestamp64Micro(proved_at)) AS proved_us
  FROM key_links
  WHERE tenant = {tenant:String}
    AND outer_key IN (SELECT typed_key FROM stage_walk WHERE round = {round:UInt8} - 1 AND NOT is_root)
    AND (event_id, content_hash) NOT IN (
      SELECT event_id, content_hash FROM superseded WHERE tenant = {tenant:String})
) AS l ON w.typed_key = l.outer_key
WHERE l.window_us < 0 OR abs(l.proved_us - w.at_us) <= l.window_us

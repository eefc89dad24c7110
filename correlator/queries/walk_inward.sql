-- Purpose: one hop of every walk: over the links that hold at the time the walk has come with, taking on the time of the
-- event that proves the hop where a window lies further in. A walk that is known to end in a hub goes no further.
-- Parameters: round: UInt8, from 1.
INSERT INTO stage_walk (origin_key, origin_us, typed_key, at_us, is_root, round)
SELECT DISTINCT w.origin_key, w.origin_us, l.inner_key, l.kept_us, l.is_root, {round:UInt8}
FROM (
  SELECT * FROM stage_walk
  WHERE round = {round:UInt8} - 1 AND NOT is_root
    AND (origin_key, origin_us) NOT IN (SELECT origin_key, origin_us FROM stage_hubs) -- if walked_hubs
) AS w
INNER JOIN (SELECT * FROM stage_links WHERE round = {round:UInt8}) AS l ON w.typed_key = l.outer_key
WHERE l.window_us < 0 OR abs(l.proved_us - w.at_us) <= l.window_us

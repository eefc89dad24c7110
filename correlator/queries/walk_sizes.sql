-- Purpose: how far the walks are. `widest`: the most links from one key for the hop after the round.
-- Parameters: round: UInt8.
SELECT
  (SELECT count() FROM stage_walk WHERE round = {round:UInt8} AND NOT is_root) AS walking,
  (SELECT count() FROM stage_walk WHERE round > 0) AS total,
  (SELECT max(n) FROM (SELECT count() AS n FROM stage_links WHERE round = {round:UInt8} + 1 GROUP BY outer_key)) AS widest,
  (SELECT count() FROM stage_hubs) AS hubs

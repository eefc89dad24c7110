-- Purpose: walks that the next hop would lead to far more keys than the limit: counted without being walked, so that
-- memory stays bounded. Only what is surely beyond the limit by this estimate (its error is below one percent) counts;
-- the rest is walked and counted exactly.
-- Parameters: round: UInt8, of the hop; hub_limit: UInt64. Runs only where a key has more links than the limit.
INSERT INTO stage_hubs (origin_key, origin_us, roots)
SELECT w.origin_key, w.origin_us, uniqCombined64If(14)(l.inner_key, l.is_root) AS roots
FROM (SELECT * FROM stage_walk WHERE round = {round:UInt8} - 1 AND NOT is_root) AS w
INNER JOIN (
  SELECT * FROM stage_links
  WHERE round = {round:UInt8} AND outer_key IN (
    SELECT outer_key FROM stage_links WHERE round = {round:UInt8} GROUP BY outer_key HAVING count() > {hub_limit:UInt64})
) AS l ON w.typed_key = l.outer_key
WHERE l.window_us < 0 OR abs(l.proved_us - w.at_us) <= l.window_us
GROUP BY w.origin_key, w.origin_us
HAVING roots > {hub_limit:UInt64} * 1.2 OR uniqCombined64(14)(l.inner_key, l.kept_us) > {hub_limit:UInt64} * 24

-- Purpose: walks that have led to more roots than the limit, or to twenty times as many keys in one round.
-- Parameters: round: UInt8, the round just walked; hub_limit: UInt64.
INSERT INTO stage_hubs (origin_key, origin_us, roots)
SELECT origin_key, origin_us, uniqExactIf(typed_key, is_root) AS roots
FROM stage_walk
GROUP BY origin_key, origin_us
HAVING roots > {hub_limit:UInt64} OR countIf(round = {round:UInt8}) > {hub_limit:UInt64} * 20

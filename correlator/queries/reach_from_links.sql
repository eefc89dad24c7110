-- Purpose: where the walk outward starts: the outer keys of the links that the staged events prove.
-- Parameters: none.
INSERT INTO stage_reach (typed_key, round)
SELECT DISTINCT arrayJoin(arrayFilter(k -> k.rank > innermost_rank, ranked_keys)).typed_key, 0
FROM stage_events
WHERE length(ranked_keys) > length(innermost)

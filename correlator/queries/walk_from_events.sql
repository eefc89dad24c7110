-- Purpose: where the walks inward start: the innermost aliases, at the event's own time where a window lies ahead.
-- Parameters: none.
INSERT INTO stage_walk (origin_key, origin_us, typed_key, at_us, is_root, round)
SELECT DISTINCT arrayJoin(innermost) AS k, from_us, k, from_us, 0, 0
FROM stage_state
WHERE innermost_rank NOT IN (0, 255)

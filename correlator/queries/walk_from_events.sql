-- Purpose: where the walks inward start: the innermost aliases, at the event's own time where a window lies ahead.
-- Nothing belongs to an instance by a known hub. Parameters: tenant: String.
INSERT INTO stage_walk (origin_key, origin_us, typed_key, at_us, is_root, round)
SELECT DISTINCT k, from_us, k, from_us, 0, 0
FROM (SELECT arrayJoin(innermost) AS k, from_us FROM stage_state WHERE innermost_rank NOT IN (0, 255))
WHERE k NOT IN (SELECT typed_key FROM hubs FINAL WHERE tenant = {tenant:String} AND is_timeless) -- if hubs

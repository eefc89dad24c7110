-- Purpose: what there is to do for a batch: how many events, how many of them known, with links, with an alias for an
-- innermost key; corrections; known hubs. Parameters: tenant: String. `hubs` is tiny.
SELECT
  count() AS events,
  countIf(length(ranked_keys) > length(innermost) AND NOT has(flags, 'too_many_links')) AS linking,
  countIf(innermost_rank NOT IN (0, 255)) AS aliased,
  (SELECT count() FROM stage_known) AS known,
  (SELECT count() FROM stage_corrections) AS corrections,
  (SELECT count() FROM hubs FINAL WHERE tenant = {tenant:String}) AS hubs
FROM stage_events

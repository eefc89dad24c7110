-- Purpose: what there is to do for a batch: how many events, how many of them known, with links, with an alias for an
-- innermost key; corrections; and of whatever tenant, hubs, losing versions and corrections of before: mostly none, and
-- then nobody need ask for them. Parameters: none.
SELECT
  count() AS events,
  countIf(length(ranked_keys) > length(innermost) AND NOT has(flags, 'too_many_links')) AS linking,
  countIf(innermost_rank NOT IN (0, 255)) AS aliased,
  (SELECT count() FROM stage_known) AS known,
  (SELECT count() FROM stage_corrections) AS corrections,
  (SELECT count() FROM hubs) AS hubs,
  (SELECT count() FROM superseded) AS superseded,
  (SELECT count() FROM corrections) AS corrected
FROM stage_events

-- Purpose: what there is to do for a batch: how many events, how many of them not simply new (stored before, in whatever
-- version, or staged more than once), with links (how many, where that is asked), with aliases for innermost keys and how many of these, without a time; corrections; and of whatever tenant,
-- hubs, losing versions and corrections of before: mostly none, and then nobody need ask for them.
-- Known events are counted by half of their ids: one of another event with the same half is read again in vain.
-- Parameters: tenant: String. maybe_known: Array(UInt64), half ids.
-- Index: event_copies by (tenant, id_prefix), or all of the tenant's where that is cheaper.
SELECT
  count() AS events,
  countIf(length(ranked_keys) > length(innermost) AND NOT has(flags, 'too_many_links')) AS linking,
  countIf(innermost_rank NOT IN (0, 255)) AS aliased,
  sumIf(length(innermost), innermost_rank NOT IN (0, 255)) AS aliases,
  sum(arraySum( -- if links_counted
    o -> arrayCount(i -> i.rank < o.rank, ranked_keys), -- if links_counted
    arrayFilter(o -> o.rank > innermost_rank AND NOT has(flags, 'too_many_links'), ranked_keys))) AS links, -- if links_counted
  countIf(has(flags, 'missing_timestamp')) AS untimed,
  count() - uniqExact(event_id) + (
    SELECT count() FROM event_copies
    WHERE tenant = {tenant:String}
      AND id_prefix IN {maybe_known:Array(UInt64)} -- if maybe_known
      AND id_prefix IN (SELECT id_prefix FROM stage_events) -- if unfiltered
  ) AS known,
  (SELECT count() FROM stage_corrections) AS corrections,
  (SELECT count() FROM hubs) AS hubs,
  (SELECT count() FROM superseded) AS superseded,
  (SELECT count() FROM corrections) AS corrected
FROM stage_events
SETTINGS use_index_for_in_with_subqueries = 0 -- if scanned

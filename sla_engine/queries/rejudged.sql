-- Purpose: a page of one rejudging, by start and clock: what the present definition says beside what the ledger said.
-- Parameters: tenant, sla, rejudging String; only_changed UInt8, only other verdicts; after_us Int64 and after_clock String, the row
--   the page begins behind; limit UInt32. Index: rejudged by (tenant, sla, rejudging, started_at, clock).
SELECT rejudging, sla, rejudged_at, actor, key, clock, per, started_at, verdict, valid_from, deadline_at, satisfied_at, reason,
  r.definition AS definition, old_verdict, old_valid_from, old_deadline_at, old_reason, old_definition
FROM rejudged AS r
INNER JOIN (SELECT sla, rejudging, rejudged_at, actor FROM rejudgings WHERE tenant = {tenant:String}) AS g USING (sla, rejudging)
WHERE r.tenant = {tenant:String} AND sla = {sla:String} AND rejudging = {rejudging:String}
  AND (toUnixTimestamp64Micro(started_at), clock) > ({after_us:Int64}, {after_clock:String})
  AND ({only_changed:UInt8} = 0 OR verdict != old_verdict)
ORDER BY started_at, clock
LIMIT {limit:UInt32}

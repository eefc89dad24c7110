-- Purpose: the excuse of each staged clock that has one, by itself or among others due in a stretch of time: the first one made counts.
-- Parameters: tenant String; as_of DateTime64(6) UTC. Index: excuses by tenant.
SELECT clock, min((excused_at, excuse, actor, why)) AS said
FROM (
  SELECT clock, excused_at, excuse, actor, reason AS why FROM excuses
  WHERE tenant = {tenant:String} AND clock != '' AND excused_at <= {as_of:DateTime64(6)}
    AND sla IN (SELECT sla FROM staged_clocks)
  UNION ALL
  SELECT c.clock, e.excused_at, e.excuse, e.actor, e.reason
  FROM staged_clocks AS c
  INNER JOIN (
    SELECT sla, from_at, to_at, excused_at, excuse, actor, reason FROM excuses
    WHERE tenant = {tenant:String} AND clock = '' AND excused_at <= {as_of:DateTime64(6)}
  ) AS e ON c.sla = e.sla
  WHERE c.deadline_at >= e.from_at AND c.deadline_at <= e.to_at
)
GROUP BY clock

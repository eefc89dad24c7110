-- Purpose: the latest clocks of an SLA that began in a span, each with its end: the answer, the cancellation, or now.
-- Parameters: tenant, workflow, sla String; since, now DateTime64(6) UTC; most UInt32. Reads the tenant's clocks of the workflow.
SELECT key, clock, started_at, coalesce(satisfied_at, cancelled_at, {now:DateTime64(6)}) AS ends_at
FROM clocks FINAL
WHERE tenant = {tenant:String} AND workflow = {workflow:String} AND sla = {sla:String}
  AND started_at > {since:DateTime64(6)} AND started_at <= {now:DateTime64(6)} AND ends_at > started_at
  AND NOT has(flags, 'vanished')
ORDER BY started_at DESC, clock
LIMIT {most:UInt32}

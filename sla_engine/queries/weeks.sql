-- Purpose: clocks of an SLA met and breached, and alerts they would raise, by the week (Monday, UTC) their verdict became valid.
-- Parameters: tenant, sla String; since (inclusive), until (exclusive) DateTime64(6) UTC. Reads the tenant's clocks.
WITH {until:DateTime64(6)} AS until
SELECT toMonday(toDate(valid_from)) AS week, countIf(verdict = 'met') AS met, countIf(verdict = 'breached') AS breached,
  countIf(verdict = 'breached'
    OR ifNull(risk_at < least(ifNull(satisfied_at, until), ifNull(cancelled_at, until)), 0)) AS alerts
FROM clocks FINAL
WHERE tenant = {tenant:String} AND sla = {sla:String} AND valid_from >= {since:DateTime64(6)} AND valid_from < until
GROUP BY week
ORDER BY week
